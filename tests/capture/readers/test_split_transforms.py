"""Captures in three files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.errors import CaptureError


@pytest.fixture
def split(tiny_capture: Path) -> Path:
    """The tiny capture, in three files; each says for itself how its cameras see, test by angles of view."""
    whole = json.loads((tiny_capture / "transforms.json").read_text())
    (tiny_capture / "transforms.json").unlink()
    by_name = {frame["file_path"]: frame for frame in whole["frames"]}
    for name in ("train", "val", "test"):
        frames = [by_name[file] | {"file_path": file.removesuffix(".png")} for file in whole[f"{name}_filenames"]]
        data: dict[str, Any] = {"camera_angle_x": 0.5, "frames": frames}
        if name == "val":
            data = {"fl_x": 50.0, "fl_y": 50.0, "cx": 11.0, "cy": 7.0, "k1": 0.1, "frames": frames}
        (tiny_capture / f"transforms_{name}.json").write_text(json.dumps(data))
    return tiny_capture


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_every_file_is_a_split_with_cameras_of_its_own(split: Path) -> None:
    capture = read_capture(split)
    assert capture.splits == {"train": (0, 1, 2), "val": (3,), "test": (4, 5)}
    assert [path.name for path in capture.descriptions] == [f"transforms_{name}.json" for name in capture.splits]
    assert [frame.timestep for frame in capture.frames] == [0, 0, 1, 1, 2, 2] and capture.rig_parameters is not None
    focal = 12 / np.tan(0.25)
    assert np.allclose([frame.camera.K[0, 0] for frame in capture.frames], [focal] * 3 + [50.0] + [focal] * 2)
    assert [frame.lens is not None for frame in capture.frames] == [False] * 3 + [True] + [False] * 2


def test_train_alone_is_enough(split: Path) -> None:
    (split / "transforms_val.json").unlink()
    change(split / "transforms_test.json", frames=[])
    (split / "rig_params.npz").unlink()
    assert read_capture(split).splits == {"train": (0, 1, 2), "val": (), "test": ()}


def test_what_a_file_says_of_its_lens_is_said_of_its_frames_alone(split: Path) -> None:
    change(split / "transforms_val.json", is_fisheye=True)
    frames = read_capture(split).frames
    assert [frame.lens.model if frame.lens else None for frame in frames] == [None] * 3 + ["fisheye"] + [None] * 2
    val = json.loads((split / "transforms_val.json").read_text())
    val["frames"][0]["k1"] = None  # as if it said nothing
    change(split / "transforms_val.json", frames=val["frames"], is_fisheye=False)
    lens = read_capture(split).frames[3].lens
    assert lens is not None and lens.coefficients[0] == 0.1
    change(split / "transforms_train.json", skew=0)
    change(split / "transforms_val.json", skew=0.5)
    assert said(split).startswith("transforms_val.json: lens distortion (skew = 0.5) is not understood")


def said(root: Path) -> str:
    with pytest.raises(CaptureError) as caught:
        read_capture(root)
    return str(caught.value).replace(f"{root}/", "")


def test_val_may_be_a_part_of_test(split: Path) -> None:
    """As INSTA has it."""
    change(split / "transforms_val.json", frames=json.loads((split / "transforms_test.json").read_text())["frames"][:1])
    splits = read_capture(split).splits
    assert len(splits["val"]) == 1 and splits["val"][0] in splits["test"]


def test_messages(split: Path) -> None:
    change(split / "transforms_val.json", frames=[{"file_path": "images/none", "transform_matrix": np.eye(4).tolist()}])
    assert said(split) == "images/none: no such image, named by transforms_train.json (1 of 6 missing)"
    change(split / "transforms_val.json", frames=[{"file_path": "./images/t000_cam00"}])
    assert said(split) == "transforms_val.json: images/t000_cam00 is in another split, too"
    change(split / "transforms_val.json", frames=[{"file_path": []}])
    assert said(split) == "transforms_val.json: frame 0 has no file_path"
    change(split / "transforms_val.json", frames={"a": 1})
    assert said(split) == "transforms_val.json: no frames, expected a list 'frames' with one object a picture"
    change(split / "transforms_train.json", frames=[])
    change(split / "transforms_val.json", frames=[])
    change(split / "transforms_test.json", frames=[])
    assert said(split) == "transforms_train.json: no frames, expected a list 'frames' with one object a picture"

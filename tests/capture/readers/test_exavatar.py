"""ExAvatar's layout: points of the world fall on the pixels of its pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.images import load_frame
from splatavatar.errors import CaptureError
from support.exavatar import NUMBERS, POINTS, custom, neuman
from support.flame_like import projected


def check(capture: Capture, count: int) -> None:
    assert len(capture.frames) == count
    for frame in capture.frames:
        picture, camera = load_frame(frame)[0], frame.camera
        seen = projected(POINTS, camera.T_camera_world, camera.K)
        x, y = np.floor(seen[((seen > 3) & (seen < [camera.width - 3, camera.height - 3])).all(1)]).astype(int).T
        assert len(x) > 20 and picture[y, x].min() == 255 and picture.mean() < 60


def test_a_video_of_the_users(tmp_path: Path) -> None:
    capture = read_capture(custom(tmp_path / "a"))
    check(capture, 4)
    assert capture.recognised.startswith("exavatar: smplx_optimized with pictures and cameras (")
    assert [(frame.name, frame.timestep, frame.camera_index) for frame in capture.frames] == [
        (f"frames/{number}.png", timestep, 0) for timestep, number in enumerate(NUMBERS)
    ]
    assert capture.splits == {"train": (0, 1, 3), "val": (), "test": (2,)}
    assert all(frame.mask is not None for frame in capture.frames) and capture.rig_parameters is None


@pytest.mark.parametrize("name", ["{:05d}.png", "image{}.png", "some/where/image{:07d}.jpg"])
def test_neuman(tmp_path: Path, name: str) -> None:
    capture = read_capture(neuman(tmp_path / "a", name))
    check(capture, 3)
    assert capture.splits == {"train": (0, 1), "val": (), "test": (2,)}
    assert "not colmap: cameras and images in sparse, but asked later" in capture.recognised


def test_pictures_in_two_lists_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = custom(tmp_path / "a")
    (root / "frame_list_test.txt").write_text((root / "frame_list_train.txt").read_text())
    assert read_capture(root).splits["test"] == (0, 1, 2)
    assert f"{root}: 3 of the 3 pictures of val and test are trained on, too" in caplog.text


def test_without_lists_all_is_trained_on(tmp_path: Path) -> None:
    root = custom(tmp_path / "a")
    for file in root.glob("*.txt"):
        file.unlink()
    assert read_capture(root).splits["train"] == (0, 1, 2, 3)


def put(name: str, value: Any) -> Any:
    def change(root: Path) -> None:
        path = root / "cam_params" / "4.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("R", "text"), "cam_params/4.json: R is no list of 3x3 numbers"),
        (put("R", (2 * np.eye(3)).tolist()), "cam_params/4.json: R is no rotation, its axes are not at right angles"),
        (put("R", np.full((3, 3), np.nan).tolist()), "cam_params/4.json: R holds values that are not finite"),
        (put("t", [1, 2]), "cam_params/4.json: t is no list of 3 numbers"),
        (put("focal", [0, 0]), "cam_params: frames/4.png: the focal length is 0 pixels, expected more than 0"),
        (
            lambda root: (root / "cam_params" / "4.json").write_text("[]"),
            "cam_params/4.json: R is no list of 3x3 numbers",
        ),
        (
            lambda root: (root / "cam_params" / "4.json").unlink(),
            "cam_params: no camera of picture frames/4.png (1 of 4",
        ),
        (lambda root: (root / "frames" / "4.png").unlink(), "frames: no picture 4 (1 of 4 missing)"),
        (lambda root: (root / "masks" / "4.png").unlink(), "frames: 1 of 4 frames have neither a mask_path nor"),
        (lambda root: Image.new("L", (9, 9)).save(root / "masks" / "4.png"), "masks/4.png: the mask has 9x9 pixels"),
        (lambda root: (root / "frame_list_test.txt").write_text("a"), "frame_list_test.txt: 'a' is no number of a"),
        (lambda root: (root / "frame_list_test.txt").write_text("99"), "frames: no picture 99 (1 of 4 missing)"),
    ],
)
def test_what_makes_no_sense(tmp_path: Path, change: Any, expected: str) -> None:
    root = custom(tmp_path / "a")
    change(root)
    with pytest.raises(CaptureError) as caught:
        read_capture(root)
    assert str(caught.value).replace(f"{root}/", "").startswith(expected)


def test_a_model_of_colmap_without_a_picture(tmp_path: Path) -> None:
    root = neuman(tmp_path / "a")
    path = root / "sparse" / "images.txt"
    path.write_text(path.read_text().replace("00004.png", "00005.png"))
    with pytest.raises(CaptureError, match=r"images.txt: no camera of picture images/00004.png \(1 of 3 missing\)"):
        read_capture(root)

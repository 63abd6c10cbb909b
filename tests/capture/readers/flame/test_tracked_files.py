"""Exports of VHAP and INSTA: FLAME, posed and seen as it is read, falls on the pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.errors import CaptureError, RigError
from support.flame_captures import insta, metrical, saved, vhap
from support.flame_like import FlameLike, check_pixels

MODEL = FlameLike()


@pytest.mark.parametrize("teeth", [True, False])
def test_vhap(tmp_path: Path, teeth: bool) -> None:
    capture = read_capture(vhap(tmp_path / "a", teeth=teeth))
    check_pixels(capture, MODEL)
    parameters = capture.rig_parameters
    assert parameters is not None and (parameters.rig, parameters.tracker) == ("flame", "vhap")
    assert parameters.template_offset is not None and parameters.template_offset.shape == (5023, 3)
    assert list(parameters.joint_rotations) == ["root", "neck", "jaw", "left_eye", "right_eye"]
    assert parameters.expression_names[99] == "expression_099" and len(parameters.identity) == 300


def test_vhap_in_splits_and_with_timesteps_left_out(tmp_path: Path) -> None:
    root = vhap(tmp_path / "a", 4)
    data = json.loads((root / "transforms.json").read_text())
    (root / "transforms.json").unlink()
    for split, steps in (("train", (0, 3)), ("val", ()), ("test", (2,))):
        frames = [frame for frame in data["frames"] if frame["timestep_index"] in steps]
        (root / f"transforms_{split}.json").write_text(json.dumps({"frames": frames}))
    capture = read_capture(root)
    assert [frame.timestep for frame in capture.frames] == [0, 0, 2, 2, 1, 1]
    check_pixels(capture, MODEL)


def test_splits_beside_the_whole(tmp_path: Path) -> None:
    root = insta(tmp_path / "a", ("shape", "jaw", "eyes"))
    data = json.loads((root / "transforms.json").read_text())
    in_order = sorted(data["frames"], key=lambda frame: frame["file_path"])
    for split, frames in (("train", in_order[:1]), ("test", in_order[1:]), ("val", in_order[2:])):
        (root / f"transforms_{split}.json").write_text(json.dumps({**data, "frames": frames}))
    for _ in range(2):
        capture = read_capture(root)
        names = {split: [frame.name for frame in capture.split(split)] for split in capture.splits}
        assert names == {
            "train": ["images/00000.png"],
            "val": ["images/00002.png"],
            "test": ["images/00001.png", "images/00002.png"],
        }
        check_pixels(capture, MODEL)
        (root / "transforms.json").unlink(missing_ok=True)  # then the splits are all there is
    (root / "transforms.json").write_text(json.dumps(data))
    (root / "transforms_train.json").write_text("[")
    with pytest.raises(CaptureError, match=r"transforms_train.json: not valid JSON"):
        read_capture(root)


def test_vhap_without_static_offset(tmp_path: Path) -> None:
    root = vhap(tmp_path / "a")
    for file in (root / "flame_param").iterdir():
        rewrite(file, static_offset=None)
    parameters = read_capture(root).rig_parameters
    assert parameters is not None and parameters.template_offset is None


def test_vertices_that_move_by_themselves_are_left_out_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = vhap(tmp_path / "a")
    files = sorted((root / "flame_param").iterdir())
    for file in files:
        rewrite(file, dynamic_offset=np.zeros((1, 5143, 3), np.float32))
    read_capture(root)
    assert not caplog.messages
    moved = np.zeros((1, 5143, 3), np.float32)
    moved[0, 7, 1] = -0.0025
    rewrite(files[1], dynamic_offset=moved)
    read_capture(root)
    said = "dynamic_offset, which moves vertices by up to 2.5 mm in single timesteps, is left out."
    assert caplog.messages == [f"{root}/flame_param: {said}"]


def rewrite(file: Path, **changes: Any) -> None:
    with np.load(file) as arrays:
        values = {**arrays, **changes}
    np.savez(file, **{name: value for name, value in values.items() if value is not None})


SECOND = "flame_param/00001.npz"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expr": None}, f"{SECOND}: no array 'expr', expected parameters of FLAME by VHAP"),
        ({"expr": np.zeros((3, 100))}, f"{SECOND}: expr is of the shape 3x100, expected one row of one timestep"),
        ({"expr": np.zeros((1, 50))}, "flame_param: expr has 50 or 100 numbers, expected the same number"),
        ({"jaw_pose": np.zeros((1, 6))}, "flame_param: jaw_pose has 3 or 6 numbers, expected 3"),
        ({"translation": np.float32(0)}, f"{SECOND}: translation is one number, expected one row of one timestep"),
        ({"rotation": np.full((1, 3), np.nan)}, "flame_param: root holds values that are not finite"),
        ({"translation": np.full((1, 3), 1e5)}, "flame_param: translation holds values up to 1e+05, expected metres"),
        ({"eyes_pose": np.array(["a"])}, f"{SECOND}: eyes_pose holds <U1, expected numbers"),
        ({"expr": np.array([{}], object)}, f"{SECOND}: pickled objects in 'expr', which are never read, expected"),
    ],
)
def test_files_of_vhap_that_make_no_sense(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    root = vhap(tmp_path / "a")
    rewrite(root / SECOND, **changes)
    with pytest.raises(RigError) as caught:
        read_capture(root)
    assert str(caught.value).replace(f"{root}/", "").startswith(expected)


def test_shapes_and_offsets_that_are_none_of_flame(tmp_path: Path) -> None:
    root = vhap(tmp_path / "a")
    first = root / "flame_param" / "00000.npz"
    for rows, said in (((1, 100, 3), "100x3"), ((2, 5023, 3), "2x5023x3"), ((15069,), "15069")):
        rewrite(first, static_offset=np.zeros(rows))
        expected = f"static_offset is of the shape {said}, expected three numbers for each of 5023 vertices or more, as"
        with pytest.raises(RigError, match=expected):
            read_capture(root)
    rewrite(first, static_offset=None, shape=np.zeros(400))
    with pytest.raises(RigError, match=r"shape is of the shape 400, expected at most 300 coefficients, as FLAME has"):
        read_capture(root)
    rewrite(first, shape=None)
    with pytest.raises(RigError, match=r"no array 'shape'"):
        read_capture(root)


def test_files_of_vhap_that_were_not_fetched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = vhap(tmp_path / "a")
    files = sorted((root / "flame_param").iterdir())
    files[2].unlink()
    with pytest.raises(RigError, match=r"00002.npz: no such file"):
        read_capture(root)
    for file in files[:2]:
        file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    assert read_capture(root).rig_parameters is None
    assert "00000.npz: a pointer of Git LFS to a file that was not fetched (git lfs pull); the" in caplog.text
    for file in files[:2]:
        file.unlink()
    assert read_capture(root).rig_parameters is None
    assert "00000.npz: no such file, nor any other of FLAME that transforms.json names" in caplog.text


def test_files_that_lie_elsewhere(tmp_path: Path) -> None:
    root = vhap(tmp_path / "a")
    text = (root / "transforms.json").read_text()
    (root / "transforms.json").write_text(text.replace("flame_param/00001", "../flame_param/00001"))
    with pytest.raises(CaptureError, match=r"lies outside of the folder of the capture"):
        read_capture(root)


def test_insta_with_the_checkpoints_of_its_tracker(tmp_path: Path) -> None:
    root = insta(tmp_path / "a")
    for number in range(3):
        saved(root / "checkpoint" / f"{number:05d}.frame", metrical(number)[0])
    capture = read_capture(root)
    assert capture.recognised.startswith("insta: ")
    assert "not metrical: .frame files in checkpoint, but asked later" in capture.recognised
    check_pixels(capture, MODEL)


def test_insta_with_texts_of_all_parameters(tmp_path: Path) -> None:
    capture = read_capture(insta(tmp_path / "a", ("shape", "jaw", "eyes")))
    check_pixels(capture, MODEL)
    assert capture.rig_parameters is not None and capture.rig_parameters.tracker == "insta"


def test_insta_with_expressions_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_capture(insta(tmp_path / "a")).rig_parameters is None
    assert "flame: expressions of FLAME without its shape and its jaw; the capture is read without" in caplog.text


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("exp/00001", "1 2 3", "flame/exp/00001.txt: 3 numbers, expected 100"),
        ("exp/00001", "a " * 100, "flame/exp/00001.txt: holds what is no number, expected 100 numbers"),
        ("exp/00001", "nan " * 100, "flame/exp/00001.txt: holds values that are not finite"),
        ("exp/00001", "", "flame/exp/00001.txt: 0 numbers, expected 100"),
        ("jaw/00002", "0 " * 6, "flame: jaw is no rotation, its rows are along one another"),
        ("shape/00000", None, "flame/shape/00000.txt: no such file"),
    ],
)
def test_texts_that_make_no_sense(tmp_path: Path, file: str, content: str | None, expected: str) -> None:
    root = insta(tmp_path / "a", ("shape", "jaw", "eyes"))
    path = root / "flame" / f"{file}.txt"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(RigError) as caught:
        read_capture(root)
    assert str(caught.value).replace(f"{root}/", "").startswith(expected)

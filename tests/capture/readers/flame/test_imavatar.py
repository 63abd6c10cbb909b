"""IMavatar's file of cameras and FLAME: posed and seen as it is read, FLAME falls on the pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.readers.flame.imavatar import is_imavatar
from splatavatar.errors import CaptureError, RigError
from support.flame_captures import SIDE, imavatar
from support.flame_like import FlameLike, check_pixels
from support.shared import shared

MODEL = FlameLike()


@pytest.mark.parametrize("old", [False, True])
def test_flame_falls_on_the_pixels(tmp_path: Path, old: bool) -> None:
    capture = read_capture(imavatar(tmp_path / "a", old))
    check_pixels(capture, MODEL)
    assert capture.recognised.startswith("imavatar: world_mat in flame_params.json (")
    parameters = capture.rig_parameters
    assert parameters is not None and (parameters.rig, parameters.tracker) == ("flame", "imavatar")
    assert len(parameters.identity) == 100 and parameters.expression.shape == (3, 50)
    camera = capture.frames[0].camera
    assert camera.K[0, 0] == pytest.approx(2.4 * SIDE) and camera.K[1, 2] == pytest.approx(0.46 * SIDE)
    np.testing.assert_allclose(camera.T_camera_world[:3, 3], [0.0125, 0.025, 0.85])


def test_moments_are_counted_by_name(tmp_path: Path) -> None:
    root = imavatar(tmp_path / "a", count=11)
    change(root, lambda data: data["frames"].reverse())
    capture = read_capture(root)
    assert [(frame.name, frame.timestep) for frame in capture.frames[:2]] == [("image/11", 10), ("image/10", 9)]
    check_pixels(capture, MODEL)


def change(root: Path, edit: Any) -> None:
    path = root / "flame_params.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def put(name: str, value: Any) -> Any:
    return lambda data: data["frames"][1].update({name: value})


TWO = "flame_params.json: image/2"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda data: data.update(frames={}), "flame_params.json: no frames, expected a list 'frames'"),
        (lambda data: data.update(frames=[1]), "flame_params.json: no frames, expected a list 'frames'"),
        (put("file_path", 3), "flame_params.json: frame 1 has no file_path"),
        (put("file_path", "./image/9"), "image/9: no such image, named by flame_params.json (1 of 3 missing)"),
        (put("file_path", "../image/1"), "flame_params.json: names the file '../image/1', which lies outside of the"),
        (put("world_mat", "text"), f"{TWO}: world_mat is no such list, expected 3x4 numbers"),
        (put("world_mat", [[1, 2], [3]]), f"{TWO}: world_mat is no such list, expected 3x4 numbers"),
        (put("world_mat", np.full((3, 4), np.nan).tolist()), f"{TWO}: world_mat holds values that are not finite"),
        (put("world_mat", (2 * np.eye(4))[:3].tolist()), f"{TWO}: world_mat is no rotation, its axes are not at"),
        (put("world_mat", np.diag([1.0, 1, -1, 1])[:3].tolist()), f"{TWO}: world_mat mirrors (its determinant is"),
        (put("world_mat", (2 * np.eye(4)).tolist()), f"{TWO}: the last row of world_mat is not 0 0 0 1"),
        (put("pose", [0.0] * 6), "flame_params.json: pose has 6 numbers in one frame and 15 in another"),
        (put("expression", None), f"{TWO}: expression is no such list, expected a list of numbers"),
        (put("expression", [[0.0] * 50]), f"{TWO}: expression is no such list, expected a list of numbers"),
        (
            lambda data: data["frames"][0].update(expression=[1e30] * 50),
            "flame_params.json: expression holds values",
        ),
        (
            lambda data: [f.update(pose=[0] * 6) for f in data["frames"]],
            "flame_params.json: pose has 6 numbers",
        ),
        (lambda data: data.pop("shape_params"), "flame_params.json: shape_params is no such list, expected a list"),
        (
            lambda data: data.update(shape_params=[0] * 301),
            "flame_params.json: shape is of the shape 301",
        ),
        (lambda data: data.update(intrinsics=[2, 2, 0.5, 0.5]), "flame_params.json: intrinsics begin with 2 and 2"),
        (lambda data: data.update(intrinsics=[-1e300, 1e300, 0, 0]), "flame_params.json: intrinsics reach 1e+300"),
        (lambda data: data.update(intrinsics=[1]), "flame_params.json: intrinsics is no such list, expected 4 numbers"),
        (
            lambda data: data.update(intrinsics=[-1e-4, 1e-4, 0.5, 0.5]),
            "flame_params.json: image/1: the focal",
        ),
    ],
)
def test_files_that_make_no_sense(tmp_path: Path, edit: Any, expected: str) -> None:
    root = imavatar(tmp_path / "a")
    change(root, edit)
    with pytest.raises((CaptureError, RigError)) as caught:
        read_capture(root, layout=None if is_imavatar(root) else "imavatar")
    said = str(caught.value).replace(f"{root}/", "")
    assert said.startswith(expected) or "no capture in the format imavatar" in said


def test_pictures_of_several_sizes_and_without_mattes(tmp_path: Path) -> None:
    root = imavatar(tmp_path / "a")
    with Image.open(root / "image" / "2.png") as image:
        image.resize((64, 64)).save(root / "image" / "2.png")
    with pytest.raises(CaptureError, match=r"mask/2.png: the mask has 128x128 pixels, its image 2 has 64x64"):
        read_capture(root)
    (root / "mask" / "2.png").unlink()
    with pytest.raises(CaptureError, match=r"1 of 3 frames have neither a mask_path nor an alpha channel"):
        read_capture(root)
    for mask in (root / "mask").iterdir():
        mask.unlink()
    cameras = [frame.camera for frame in read_capture(root).frames]
    assert cameras[0].K[0, 0] == 2 * cameras[1].K[0, 0]


def test_files_of_that_name_that_are_another(tmp_path: Path) -> None:
    for content in ('{"translation": [[0, 0, 0]], "expr": [{"expr0": 1}]}', "{", "[]", '{"frames": []}', "\x00"):
        (tmp_path / "flame_params.json").write_text(content)
        assert not is_imavatar(tmp_path)
    (tmp_path / "flame_params.json").unlink()
    (tmp_path / "flame_params.json").mkdir()
    assert not is_imavatar(tmp_path)


@pytest.mark.shared
def test_the_real_file_of_vhap_is_another() -> None:
    assert not is_imavatar(shared("layouts/flame/vhap_export/flame_params.json").parent)

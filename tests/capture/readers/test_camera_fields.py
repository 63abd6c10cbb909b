"""What a frame says of its camera: one meaning is taken, several are refused; what bends rays is never ignored."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.readers.camera_fields import matrix_of
from splatavatar.errors import CaptureError

FRAME = "transforms.json: images/t000_cam01.png: "


def frame_with(**values: Any) -> Any:
    return lambda data: data["frames"][1].update(values)


def said(capture: Path) -> str:
    with pytest.raises(CaptureError) as caught:
        read_capture(capture)
    return str(caught.value).replace(f"{capture}/", "")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"fl_x": 1e-300}, "the focal length is 1e-300 x 41 pixels in a picture of 24x16"),
        ({"fl_x": 5e-324, "fl_y": 5e-324}, "the focal length is"),
        ({"fl_x": 1e8, "fl_y": 1e8}, "the focal length is 1e+08 x 1e+08 pixels in a picture of 24x16"),
        ({"fl_y": 27 * 40}, "fl_y is 27 times fl_x, expected pixels that are about as wide as high"),
        ({"fl_x": 27 * 41}, "fl_y is 0.037 times fl_x"),
        (
            {"fl_x": 0.9, "fl_y": 1.1, "cx": 0.5, "cy": 0.48},
            "to 1000 times its size; these seem to be shares of the picture: multiply fl_x and cx by its width, fl_y",
        ),
        ({"fl_x": -40}, "the focal length is -40 pixels, expected more than 0"),
        ({"fl_x": 0, "fl_y": 0}, "the focal length is 0 pixels, expected more than 0"),
        ({"fl_y": -41}, "the focal length is -41 pixels"),
        ({"cx": 9e8}, "cx is 9e+08 pixels in a picture of 24x16, expected about 12"),
        ({"cy": -500}, "cy is -500 pixels in a picture of 24x16, expected about 8"),
        ({"fl_x": "40"}, "fl_x is '40', expected a number"),
        ({"fl_x": True}, "fl_x is True, expected a number"),
        ({"cx": [12.5]}, "cx is [12.5], expected a number"),
        ({"fl_x": math.nan}, "fl_x is nan, expected a number"),
        ({"cy": math.inf}, "cy is inf, expected a number"),
        ({"camera_angle_x": True, "fl_x": None}, "camera_angle_x is True, expected a number"),
        ({"w": "24"}, "w is '24', expected a number"),
        ({"w": 1e300}, "w is 1e+300, expected a number"),
        ({"timestep_index": 1.5}, "has the timestep_index 1.5"),
        ({"timestep_index": True}, "has the timestep_index True"),
        ({"camera_index": "1"}, "has the camera_index '1'"),
        ({"timestep_index": 10**400}, "has the timestep_index inf"),
        ({"matte_weight": math.nan}, "matte_weight is nan, expected a number"),
    ],
)
def test_numbers_that_no_camera_has(
    tiny_capture: Path, edit_transforms: Any, values: dict[str, Any], expected: str
) -> None:
    edit_transforms(frame_with(**values))
    told = said(tiny_capture)
    assert told.startswith(("transforms.json: images/t000_cam01.png", "images/t000_cam01.png")) and expected in told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("k_5", 0.1), ("s1", 0.01), ("s4", 1), ("p3", 0.1), ("b1", 3)),
        *(("skew", 0.5), ("is_fisheye", "yes"), ("fisheye", 2), ("distortion", [0, 0, 0.1])),
        *(("distortion_params", {"k1": 0.2}), ("rolling_shutter", [0, 0, 0.02, 0]), ("distortion_model", "brown")),
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_what_bends_rays_is_refused(
    tiny_capture: Path, edit_transforms: Any, field: str, value: Any, everywhere: bool
) -> None:
    edit_transforms((lambda data: data.update({field: value})) if everywhere else frame_with(**{field: value}))
    told = said(tiny_capture)
    assert told.startswith(f"transforms.json: lens distortion ({field} = ")
    assert told.endswith(
        "is not understood, expected k1, k2, p1, p2 and k3 of OpenCV, or k1 to k4 of a fisheye: undistort the images "
        "first"
    )


@pytest.mark.parametrize("field", ["camera_model", "lens_model", "camera_type"])
@pytest.mark.parametrize("value", ["ORTHOPHOTO", "EQUIRECTANGULAR", "", 5, ["OPENCV"]])
@pytest.mark.parametrize("everywhere", [True, False])
def test_models_of_lenses(tiny_capture: Path, edit_transforms: Any, field: str, value: Any, everywhere: bool) -> None:
    edit_transforms((lambda data: data.update({field: value})) if everywhere else frame_with(**{field: value}))
    assert said(tiny_capture) == (
        f"transforms.json: {field} {value!r} is not supported: undistort the images first and use 'PINHOLE'"
    )


def test_harmless_fields_are_not_mentioned(
    tiny_capture: Path, edit_transforms: Any, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = {"k1": 0, "k5": 0.0, "p2": None, "is_fisheye": False, "distortion_params": [0, 0, [0]], "skew": -0.0}
    known = {"sharpness": 31.7, "aabb_scale": 4, "applied_transform": [[1]], "applied_scale": 2, "colmap_im_id": 7}
    known |= {"camera_id": "cam00", "time": 0.5, "flame_param_path": "x.npz", "fovx": 55.4, "rotation": 0.01}
    known |= {"orientation_override": "none", "camera_indices": [0, 1], "ply_file_path": "sparse.ply"}
    edit_transforms(lambda data: data.update(nothing | known | {"camera_model": "pinhole"}))
    edit_transforms(frame_with(**nothing, **known, camera_model="OPENCV", lens=None))
    with caplog.at_level(logging.WARNING, "splatavatar"):
        read_capture(tiny_capture)
    assert not caplog.records


def test_unknown_fields_are_named(tiny_capture: Path, edit_transforms: Any, caplog: pytest.LogCaptureFixture) -> None:
    edit_transforms(lambda data: data.update(scale=0.004, offset=[0, 0.2, 0]))
    edit_transforms(frame_with(K=[[1]], **{"\x1b[2J": 1}))
    with caplog.at_level(logging.WARNING, "splatavatar"):
        read_capture(tiny_capture)
    assert caplog.messages == [
        f"{tiny_capture}/transforms.json: fields that are not known, and are ignored: scale, offset, K, \\x1b[2J."
    ]


@pytest.mark.parametrize(("name", "meant"), [("f1_x", "fl_x"), ("c1_x", "cx"), ("fx", "fl_x"), ("focal_x", "fl_x")])
def test_misspelt_intrinsics(tiny_capture: Path, edit_transforms: Any, name: str, meant: str) -> None:
    edit_transforms(lambda data: data.update({name: data.pop(meant), "camera_angle_x": 0.6}))
    assert said(tiny_capture) == f"transforms.json: {name} is not understood, expected {meant}"


def test_a_focal_length_of_a_frame_goes_before_all_of_the_file(tiny_capture: Path, edit_transforms: Any) -> None:
    """Exports of videos leave stale ones at the top; an angle in the frame is one of the frame too."""
    angle = 2 * math.atan(12 / 50)
    edit_transforms(frame_with(camera_angle_x=angle, camera_angle_y=2 * math.atan(8 / 48)))
    K = read_capture(tiny_capture).frames[1].camera.K
    np.testing.assert_allclose([K[0, 0], K[1, 1]], [50, 48])


def test_an_angle_that_contradicts_the_focal_length(
    tiny_capture: Path, edit_transforms: Any, caplog: pytest.LogCaptureFixture
) -> None:
    edit_transforms(frame_with(fl_x=50.0, camera_angle_x=1.2))
    with caplog.at_level(logging.WARNING, "splatavatar"):
        assert read_capture(tiny_capture).frames[1].camera.K[0, 0] == 50
    assert "fl_x is 50, camera_angle_x would make it 17.54; the first is taken." in caplog.messages[0]


TURN = np.array([[0, -0.6, 0.8, 3], [1, 0, 0, -4], [0, 0.8, 0.6, 0.5], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    "matrix",
    [
        TURN,
        0.00118 * TURN,
        -3.0 * TURN,
        TURN @ np.diag([2.5, 2.5, 2.5, 1]),
        TURN * [[1], [1], [1], [-0.0]] + np.diag([0, 0, 0, 1]),
        np.round(TURN + 1e-5, 4),
    ],
    ids=["plain", "scaled", "negative", "axes", "minus zero", "rounded"],
)
def test_factors_change_no_ray(matrix: np.ndarray) -> None:
    found = matrix_of("here", {"transform_matrix": matrix.tolist()})
    np.testing.assert_allclose(found, TURN, atol=1e-4)
    np.testing.assert_allclose(found[:3, :3].T @ found[:3, :3], np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.diag([1.0, 1, 1, 0]), "singular"),
        (np.diag([1e-30, 1e-30, 1e-30, 1]), "singular"),
        (np.diag([1.0, 1, 1, 1e-300]), "singular"),
        (TURN + np.diag([0, 0, 1e12], 1)[[2, 0, 1, 3]], "units from the origin"),
        (TURN * 1e300, "singular"),
        ([["1", 0, 0, 0], *np.eye(4).tolist()[1:]], "not a 4x4 matrix of numbers"),
        ([[True, 0, 0, 0], *np.eye(4).tolist()[1:]], "not a 4x4 matrix of numbers"),
        ([[None, 0, 0, 0], *np.eye(4).tolist()[1:]], "not a 4x4 matrix of numbers"),
        (np.zeros((4, 4)), "singular"),
    ],
)
def test_matrices_that_are_no_cameras(matrix: Any, expected: str) -> None:
    with pytest.raises(CaptureError, match=expected):
        matrix_of("here", {"transform_matrix": np.asarray(matrix, object).tolist()})


def test_pictures_that_are_shown_turned(tiny_capture: Path, edit_transforms: Any) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (24, 16)).save(tiny_capture / "images" / "t000_cam01.jpg", exif=exif)

    def change(data: dict[str, Any]) -> None:
        data["frames"][1].update(file_path="images/t000_cam01.jpg", w=16, h=24)
        for split in ("train", "val", "test"):
            data.pop(f"{split}_filenames")

    edit_transforms(change)
    assert said(tiny_capture) == (
        "images/t000_cam01.jpg: the image has 24x16 pixels, transforms.json says 16x24, as its EXIF orientation turns"
        " it; store its pixels turned, and those of its mask"
    )


def test_masks_for_some_frames_only(tiny_capture: Path, edit_transforms: Any) -> None:
    edit_transforms(lambda data: [data["frames"][i].pop("mask_path") for i in (2, 5)])
    assert said(tiny_capture) == (
        "transforms.json: 2 of 6 frames have neither a mask_path nor an alpha channel, the first is"
        " images/t001_cam00.png"
    )


def test_a_description_in_utf_16(tiny_capture: Path) -> None:
    path = tiny_capture / "transforms.json"
    path.write_text(json.dumps(json.loads(path.read_text())), encoding="utf-16")
    assert len(read_capture(tiny_capture).frames) == 6

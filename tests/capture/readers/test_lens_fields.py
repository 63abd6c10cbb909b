"""Lenses of ``transforms.json``: what they bend is straight where the camera of the frame looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.lens import Lens
from splatavatar.errors import CaptureError
from splatavatar.render.camera import Camera

WIDTH, HEIGHT = 240, 180
FL_X, FL_Y, CX, CY = 200.0, 205.0, 118.0, 93.0
BROWN = {"k1": -0.21, "k2": 0.06, "p1": 0.003, "p2": -0.002, "k3": -0.01}
RATIONAL = {"k1": 0.4, "k2": 0.1, "p1": 0.001, "p2": 0.002, "k3": 0.05, "k4": 0.5, "k5": 0.2, "k6": 0.03}
KANNALA = {"k1": 0.05, "k2": -0.02, "k3": 0.01, "k4": 0.001}
POINTS = [(x, y, -1.0 + z) for x in (-0.25, 0.05, 0.3) for y in (-0.2, 0.15) for z in (0.0, 0.1)]
"""before a camera in OpenGL axes"""


def bent(numbers: dict[str, float], fisheye: bool, x: float, y: float) -> tuple[float, float]:
    """Where OpenCV's documentation has x / z and y / z."""
    n = {name: numbers.get(name, 0.0) for name in (*(f"k{i}" for i in range(1, 7)), "p1", "p2")}
    square = x * x + y * y
    if fisheye:
        radius = np.sqrt(square)
        angle = np.arctan(radius)
        factor = angle * (1 + sum(n[f"k{i}"] * angle ** (2 * i) for i in range(1, 5))) / radius
        return x * factor, y * factor
    radial = (1 + n["k1"] * square + n["k2"] * square**2 + n["k3"] * square**3) / (
        1 + n["k4"] * square + n["k5"] * square**2 + n["k6"] * square**3
    )
    return (
        x * radial + 2 * n["p1"] * x * y + n["p2"] * (square + 2 * x * x),
        y * radial + n["p1"] * (square + 2 * y * y) + 2 * n["p2"] * x * y,
    )


def capture_of(root: Path, numbers: dict[str, float], fisheye: bool, **fields: Any) -> Path:
    """A picture a point, in each a dot where the lens shows it."""
    (root / "images").mkdir(parents=True)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    frames = []
    for index, (x, y, z) in enumerate(POINTS):
        bx, by = bent(numbers, fisheye, x / -z, -y / -z)
        dot = np.exp(-((columns - FL_X * bx - CX) ** 2 + (rows - FL_Y * by - CY) ** 2) / (2 * 2.5**2)) * 255
        Image.fromarray(dot.astype(np.uint8)).save(root / "images" / f"{index}.png")
        frames.append({"file_path": f"images/{index}.png", "transform_matrix": np.eye(4).tolist()})
    data = {"fl_x": FL_X, "fl_y": FL_Y, "cx": CX, "cy": CY, **numbers, **fields, "frames": frames}
    (root / "transforms.json").write_text(json.dumps(data))
    return root


def projected(camera: Camera, point: tuple[float, float, float]) -> np.ndarray:
    """Of a point of the world of the file, whose cameras have OpenGL's axes; the rig frame has y up of its z up."""
    x, y, z = point
    local = camera.K @ (camera.T_camera_world @ [x, z, -y, 1.0])[:3]
    return np.asarray(local[:2] / local[2])


@pytest.mark.parametrize(
    ("numbers", "fisheye", "fields"),
    [
        (BROWN, False, {"camera_model": "OPENCV"}),
        (BROWN, False, {}),
        (BROWN, False, {"camera_model": "PINHOLE"}),
        (RATIONAL, False, {"camera_model": "FULL_OPENCV"}),
        (KANNALA, True, {"camera_model": "OPENCV_FISHEYE"}),
        (KANNALA, True, {"is_fisheye": True}),
        ({}, True, {"camera_model": "OPENCV_FISHEYE"}),
    ],
)
def test_points_fall_on_their_pixels(
    tmp_path: Path, numbers: dict[str, float], fisheye: bool, fields: dict[str, Any]
) -> None:
    for point, frame in zip(
        POINTS, read_capture(capture_of(tmp_path / "a", numbers, fisheye, **fields)).frames, strict=True
    ):
        seen = load_frame(frame)[0][..., 0].astype(np.float64)
        rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
        found = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum()
        np.testing.assert_allclose(found, projected(frame.camera, point), atol=0.15)


def test_numbers_of_a_frame_go_before_those_of_the_file(tmp_path: Path) -> None:
    root = capture_of(tmp_path / "a", BROWN, False)
    data = json.loads((root / "transforms.json").read_text())
    data["frames"][0] |= {"k1": 0, "k2": 0, "k3": 0, "p1": 0, "p2": 0}
    data["frames"][1] |= {"k1": -0.1, "p1": None}
    (root / "transforms.json").write_text(json.dumps(data))
    first, second, third, *_ = read_capture(root).frames
    assert first.lens is None
    assert second.lens is not None and second.lens.coefficients == (-0.1, 0.06, 0.003, -0.002, -0.01)
    assert third.lens is not None and third.lens.coefficients == (-0.21, 0.06, 0.003, -0.002, -0.01)


def test_what_a_folding_lens_shows_twice_is_left_out(tmp_path: Path) -> None:
    root = capture_of(tmp_path / "a", {"k1": -1.2}, False)
    frame = read_capture(root).frames[0]
    matte = load_frame(frame)[1]
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    radius = np.hypot((columns - CX) / FL_X, (rows - CY) / FL_Y)
    turns = 1 / np.sqrt(3 * 1.2)  # where r (1 + k1 r^2) is largest
    assert (matte[radius > turns + 0.01] == 0).all() and (matte[radius < turns - 0.01] == 255).all()


def test_pictures_that_are_too_wide_for_a_lens(tmp_path: Path) -> None:
    root = capture_of(tmp_path / "a", {"k1": 0.01}, False, fl_x=40_000.0, fl_y=40_000.0, cx=16_500.0)
    Image.new("L", (33_000, 8)).save(root / "images" / "0.png")
    with pytest.raises(CaptureError, match=r"a lens distorts pictures of up to 32000 pixels a side"):
        read_capture(root)


def test_a_lens_that_divides_by_nothing_ends_there() -> None:
    K = np.array([[200.0, 0, 100], [0, 200, 100], [0, 0, 1]])
    assert 0.7 < Lens("opencv", (0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0), K).reach() <= 1.0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"k1": "0.1"}, "k1 is '0.1', expected a number"),
        ({"k4": float("nan")}, "k4 is nan, expected a number"),
        (
            {"k1": 0.1, "k4": 0.2},
            "k4, k5 and k6 are numbers of the camera_model 'OPENCV_FISHEYE' or 'FULL_OPENCV', expected 0",
        ),
        (
            {"camera_model": "OPENCV_FISHEYE", "p1": 0.1},
            "a fisheye lens has k1, k2, k3 and k4, and no k5, k6, p1 or p2",
        ),
        (
            {"k1": -20.0},
            "this lens distortion folds the picture 26 pixels from its middle; check k1, k2, p1 and p2",
        ),
    ],
)
def test_messages(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    root = capture_of(tmp_path / "a", {}, False, **fields)
    with pytest.raises(CaptureError) as caught:
        read_capture(root)
    assert str(caught.value) == f"{root}/transforms.json: images/0.png: {expected}"

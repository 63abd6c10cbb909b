"""Pictures that cannot be drawn are refused with one sentence, whatever draws them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import LARGEST, check_camera, check_size
from splatavatar.render.rasterize import rasterize

FIELDS = ([[0, 0, 1]], [[1, 0, 0, 0]], [[0.1, 0.1, 0.1]], [0.9], [[1, 1, 1]])


def camera(width: Any = 8, height: Any = 8) -> Camera:
    return Camera(np.eye(4), np.array([[9.0, 0, 4], [0, 9, 4], [0, 0, 1]]), width, height)


def gaussian(kind: str) -> Gaussians[Any]:
    if kind == "numpy":
        return Gaussians(*(np.array(field, np.float32) for field in FIELDS))
    return Gaussians(*(torch.tensor(field, dtype=torch.float32) for field in FIELDS))


def test_the_native_part_has_the_same_limit() -> None:
    assert _native.LARGEST_PICTURE == LARGEST


@pytest.mark.parametrize("side", [0, -1, LARGEST + 1, 20000, 2**31, 2**70, 1.5, math.nan, True, np.int64(-3), "8"])
def test_sides(side: Any) -> None:
    for width, height in ((side, 8), (8, side), (side, side)):
        with pytest.raises(SettingsError) as caught:
            check_size(width, height, 4)
        sentence = f"a picture of {width}x{height} pixels cannot be drawn; each side must be from 1 to 16384"
        assert str(caught.value) == sentence


def test_memory_that_no_machine_has() -> None:
    with pytest.raises(SettingsError, match=r"^not enough memory: this picture needs 2684354.6 GB more and "):
        check_size(LARGEST, LARGEST, 10**7)
    check_size(np.int32(LARGEST), 1, 4)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e39, -1e300])
@pytest.mark.parametrize("matrix", ["K", "T_camera_world"])
def test_cameras_without_numbers(matrix: str, value: float) -> None:
    for place in ((0, 0), (0, 2), (1, 1), (2, 2)):
        view = camera()
        getattr(view, matrix)[place] = value
        with pytest.raises(SettingsError, match=r"^the camera is none that pictures can be drawn with: "):
            check_camera(view)


def test_cameras_of_other_shapes() -> None:
    for bad in (replace(camera(), K=np.eye(4)), replace(camera(), T_camera_world=np.eye(3)), replace(camera(), K=None)):  # type: ignore[arg-type]
        with pytest.raises(SettingsError):
            check_camera(bad)


@pytest.mark.parametrize("focal", [0.0, -9.0])
def test_focal_lengths(focal: float) -> None:
    for axis in (0, 1):
        view = camera()
        view.K[axis, axis] = focal
        with pytest.raises(SettingsError):
            check_camera(view)


@pytest.mark.parametrize(("kind", "backend"), [("numpy", "cpu"), ("torch", "cpu"), ("torch", "reference")])
def test_every_backend(kind: str, backend: Any) -> None:
    assert rasterize(gaussian(kind), camera(), backend=backend).colour.max() > 0.5
    broken = camera()
    broken.K[0, 0] = math.nan
    for view in (camera(20000, 20000), camera(0, 8), camera(8, -8), broken):
        with pytest.raises(SettingsError):
            rasterize(gaussian(kind), view, backend=backend)


def test_too_many_large_gaussians() -> None:
    count = 70_000
    many = Gaussians(*(np.repeat(np.array(field, np.float32), count, 0) for field in FIELDS))
    many.scale[:] = 1e3
    sentence = (
        "too many large Gaussians for a picture of 16384x16384: they reach 73400320000 tiles of 16 pixels, at most "
        "268435456 can be drawn; ask for a smaller picture or stand farther away"
    )
    with pytest.raises(SettingsError) as caught:
        rasterize(many, camera(1024, 1024))
    assert str(caught.value).startswith(
        "too many large Gaussians for a picture of 1024x1024: they reach 286720000 tiles"
    )
    # Of a size whose picture alone would fill memory: asked of the native part, over pages that are never touched.
    planes = np.empty((4, 16384, 16384), np.float32)
    fields = (many.mean, many.rotation, many.scale, many.opacity, many.colour)
    with pytest.raises(SettingsError) as caught:
        _native.Rasterizer().forward_world(*fields, camera().T_camera_world, camera().K, planes)
    assert str(caught.value) == sentence

"""Undistorted pictures against points that are projected by the formulas of the lens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.lens import Lens, LensModel
from splatavatar.capture.references import PictureFile
from splatavatar.render.camera import Camera

WIDTH, HEIGHT = 240, 180
STORED = np.array([[200.0, 0, 118.0], [0, 205.0, 93.0], [0, 0, 1]])
SEEN = np.array([[190.0, 0, 121.0], [0, 190.0, 88.5], [0, 0, 1]])
RADIAL, FISHEYE = (-0.21, 0.06, 0.003, -0.002), (0.05, -0.02, 0.01, 0.001)


def brown(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brown's radial and tangential distortion of x / z and y / z."""
    k1, k2, p1, p2 = RADIAL
    square = x * x + y * y
    radial = 1 + k1 * square + k2 * square**2
    return (
        x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
        y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
    )


def kannala(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kannala and Brandt's equidistant projection of x / z and y / z."""
    radius = np.hypot(x, y)
    angle = np.arctan(radius)
    bent = angle * (1 + sum(k * angle ** (2 * i + 2) for i, k in enumerate(FISHEYE)))
    factor = bent / np.maximum(radius, 1e-12)
    return x * factor, y * factor


@pytest.mark.parametrize(("model", "bend", "numbers"), [("opencv", brown, RADIAL), ("fisheye", kannala, FISHEYE)])
def test_points_fall_where_the_pinhole_sees_them(model: LensModel, bend: Callable[..., tuple], numbers: tuple) -> None:
    x, y = (rows.ravel() for rows in np.meshgrid(np.linspace(-0.4, 0.4, 5), np.linspace(-0.3, 0.3, 4)))
    bx, by = bend(x, y)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    camera = Camera(np.eye(4), SEEN, WIDTH, HEIGHT)
    lens = Lens(model, numbers, STORED)
    for i in range(len(x)):
        u, v = STORED[0, 0] * bx[i] + STORED[0, 2], STORED[1, 1] * by[i] + STORED[1, 2]
        dot = np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * 2.5**2)) * 255
        seen = lens.undistorted(dot.astype(np.uint8), camera).astype(np.float64)
        found = (seen * columns).sum() / seen.sum(), (seen * rows).sum() / seen.sum()
        expected = SEEN[0, 0] * x[i] + SEEN[0, 2], SEEN[1, 1] * y[i] + SEEN[1, 2]
        # Half a pixel, the usual mistake of this conversion, would be found.
        np.testing.assert_allclose(found, expected, atol=0.12)


def test_frames_are_straightened_where_they_are_loaded(tiny_capture: Path) -> None:
    frame = read_capture(tiny_capture).frames[0]
    assert isinstance(frame.picture, PictureFile)
    Image.new("RGB", (24, 16), (9, 90, 200)).save(frame.picture.path)
    wide = np.array([[5.0, 0, 12], [0, 5.0, 8], [0, 0, 1]])
    stored = np.array([[2.5, 0, 12], [0, 2.5, 8], [0, 0, 1]])
    bent = replace(frame, mask=None, camera=replace(frame.camera, K=wide), lens=Lens("opencv", (0.0,) * 4, stored))
    picture, matte = load_frame(bent)
    # The stored picture holds twice what the camera sees: nothing is missing. The other way round three quarters are.
    assert (picture == (9, 90, 200)).all() and (matte == 255).all()
    far = replace(bent, camera=replace(frame.camera, K=stored), lens=Lens("opencv", (0.0,) * 4, wide))
    assert load_frame(far)[1].mean() / 255 == pytest.approx(0.25, abs=0.05)
    assert (load_frame(far)[1][0] == 0).all()


def test_a_lens_that_bends_nothing_changes_nothing(tiny_capture: Path) -> None:
    frame = read_capture(tiny_capture).frames[0]
    straight = replace(frame, lens=Lens("opencv", (0.0, 0.0, 0.0, 0.0), frame.camera.K))
    for before, after in zip(load_frame(frame), load_frame(straight), strict=True):
        np.testing.assert_array_equal(before, after)

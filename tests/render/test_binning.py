"""Depth order and tiles of the native rasterizer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.rasterize import rasterize
from support.scenes import FIELDS

Arrays = Gaussians[np.ndarray]
FOCAL = 100.0
ROUNDING = 2e-4
CUT = 1e-4
"""transmittance at which a ray ends; the dense reference follows it further"""


def camera(width: int, height: int) -> Camera:
    """At the origin, looking along +Z without any rotation: equal z are equal depths to the last bit."""
    return Camera(np.eye(4), np.array([[FOCAL, 0, width / 2], [0, FOCAL, height / 2], [0, 0, 1.0]]), width, height)


def at_pixels(view: Camera, pixels: np.ndarray, depth: np.ndarray, radius: float, opacity: float, seed: int) -> Arrays:
    """Round Gaussians of ``radius`` pixels centred on ``pixels`` (N, 2), in random colours."""
    count, rng = len(pixels), np.random.default_rng(seed)
    z = np.broadcast_to(depth, count).astype(np.float64)
    xy = (pixels - [view.width / 2, view.height / 2]) * z[:, None] / FOCAL
    return Gaussians(
        mean=np.column_stack([xy, z]).astype(np.float32),
        rotation=np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scale=np.repeat((radius * z / FOCAL)[:, None], 3, 1).astype(np.float32),
        opacity=np.full(count, opacity, np.float32),
        colour=rng.random((count, 3)).astype(np.float32),
    )


def taken(gaussians: Arrays, index: np.ndarray) -> Arrays:
    return Gaussians(*(np.ascontiguousarray(getattr(gaussians, f)[index]) for f in FIELDS))


def assert_as_reference(gaussians: Arrays, view: Camera, tolerance: float = ROUNDING + CUT) -> None:
    tensors = Gaussians(*(torch.from_numpy(getattr(gaussians, f)).double() for f in FIELDS))
    expected, found = rasterize(tensors, view, backend="reference"), rasterize(gaussians, view)
    assert np.abs(found.colour - expected.colour.numpy()).max() <= tolerance
    assert np.abs(found.alpha - expected.alpha.numpy()).max() <= tolerance


def pairs(gaussians: Arrays, view: Camera) -> int:
    rasterizer = _native.Rasterizer()
    fields = (getattr(gaussians, f) for f in FIELDS)
    planes = np.empty((4, view.height, view.width), np.float32)
    rasterizer.forward_world(*fields, view.T_camera_world, view.K, planes)
    return rasterizer.pairs


@pytest.mark.parametrize("count", [2, 127, 128, 129, 600])
def test_depth_order_within_a_tile(count: int) -> None:
    view = camera(16, 16)
    depth = np.random.default_rng(1).permutation(np.linspace(0.9, 1.1, count))
    pixels = np.random.default_rng(2).uniform(4, 12, (count, 2))
    assert_as_reference(at_pixels(view, pixels, depth, 6.0, 0.3, 3), view)


@pytest.mark.parametrize("count", [2, 129, 600])
def test_equal_depths_keep_the_order_of_the_arrays(count: int) -> None:
    view = camera(16, 16)
    pixels = np.random.default_rng(2).uniform(6, 10, (count, 2))
    scene = at_pixels(view, pixels, np.float64(1.0), 6.0, 0.3, 3)
    assert_as_reference(scene, view)
    turned = rasterize(taken(scene, np.arange(count)[::-1]), view)
    assert np.abs(turned.colour - rasterize(scene, view).colour).max() > 0.02


def test_ties_among_many_depths() -> None:
    view = camera(32, 32)
    rng = np.random.default_rng(5)
    depth = rng.choice(np.array([0.5, 1.0, np.nextafter(np.float32(1), np.float32(2)), 2.0]), 900)
    assert_as_reference(at_pixels(view, rng.uniform(0, 32, (900, 2)), depth, 3.0, 0.2, 6), view)


def test_depths_from_the_near_plane_to_far_away() -> None:
    # All 32 bits of the keys take part.
    view = camera(16, 16)
    depth = np.random.default_rng(1).permutation(np.geomspace(0.011, 1e5, 200))
    assert_as_reference(at_pixels(view, np.full((200, 2), 8.0), depth, 5.0, 0.1, 3), view)


def test_twenty_thousand_gaussians() -> None:
    view, rng = camera(21, 18), np.random.default_rng(7)
    depth = rng.uniform(0.5, 3.0, 20_000)
    assert_as_reference(at_pixels(view, rng.uniform(-3, 24, (20_000, 2)), depth, 0.7, 0.1, 8), view)


def test_more_than_65535_gaussians_in_a_tile() -> None:
    # From far to near in memory: a count or an index of 16 bits would start in the middle of the pile.
    view, count = camera(16, 16), 70_000
    pile = at_pixels(view, np.full((count, 2), 8.0), np.linspace(3.0, 1.0, count), 20.0, 0.02, 9)
    assert pairs(pile, view) == count
    nearest = taken(pile, np.arange(count - 2000, count))
    whole, front = rasterize(pile, view), rasterize(nearest, view)
    # The nearest 2,000 let e^-30 through.
    assert np.array_equal(whole.colour, front.colour)
    assert_as_reference(nearest, view)


@pytest.mark.parametrize(
    ("x", "y", "tiles"),
    [(8, 8, 1), (16, 8, 2), (8, 16, 2), (16, 16, 4), (14.4, 8, 1), (17.6, 8, 1), (0, 0, 1), (48, 40, 1), (47.5, 16, 2)],
)
def test_tiles_of_a_small_gaussian(x: float, y: float, tiles: int) -> None:
    # Radius 0.2 with the dilation is a deviation of 0.58 pixels: 1/255 is reached at 0.58 sqrt(2 ln(255 0.9)) = 1.92.
    # The last pixel centre left of x = 16 is at 15.5: 14.4 reaches it and ends at 16.32, before the next at 16.5.
    view = camera(48, 40)
    scene = at_pixels(view, np.array([[x, y]], np.float64), np.float64(1.0), 0.2, 0.9, 1)
    assert pairs(scene, view) == tiles
    assert_as_reference(scene, view)


def test_gaussians_on_every_tile_border() -> None:
    view = camera(50, 35)
    grid = np.stack(np.meshgrid(np.arange(0, 51, 8.0), np.arange(0, 36, 8.0)), -1).reshape(-1, 2)
    for shift in (-0.5, 0.0, 1e-4):
        for radius in (0.05, 3.0):
            depth = np.linspace(1, 2, len(grid))
            assert_as_reference(at_pixels(view, grid + shift, depth, radius, 0.8, 2), view)


def test_an_empty_picture_after_a_full_one() -> None:
    view, rasterizer = camera(40, 40), _native.Rasterizer()
    full = at_pixels(view, np.random.default_rng(0).uniform(0, 40, (100, 2)), np.float64(1), 3.0, 0.5, 1)
    planes = np.empty((4, 40, 40), np.float32)
    for scene in (full, taken(full, np.arange(0))):
        fields = (getattr(scene, f) for f in FIELDS)
        rasterizer.forward_world(*fields, view.T_camera_world, view.K, planes)
    assert rasterizer.pairs == 0 and rasterizer.visible == 0
    assert np.array_equal(planes[:3], np.zeros((3, 40, 40))) and np.array_equal(planes[3], np.ones((40, 40)))


def test_visibility_counts_what_reaches_the_picture() -> None:
    view, rasterizer = camera(40, 40), _native.Rasterizer()
    pixels = np.array([[20, 20], [-30, 20], [20, 90], [1, 1]], np.float64)
    scene = at_pixels(view, pixels, np.array([1.0, 1.0, 1.0, -1.0]), 1.0, 0.5, 1)
    fields = (getattr(scene, f) for f in FIELDS)
    rasterizer.forward_world(*fields, view.T_camera_world, view.K, np.empty((4, 40, 40), np.float32))
    assert rasterizer.visible == 1

"""Where the first Gaussians lie and which colours they get."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.hair import hair_heights, shell_splats
from splatavatar.bake.scene.initialise import DENSITY, paint, surface_splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.capture import read_capture
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.render.camera import look_at
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

COUNT = 20_000
SIZE = 64


@pytest.fixture(scope="module")
def head() -> Rig:
    parameters = read_capture(Path(__file__).parents[3] / "data" / "sample-capture").rig_parameters
    assert parameters is not None
    return load_rig("anny-head", parameters.identity)


def areas(rig: Rig) -> np.ndarray:
    a, b, c = (rig.template[rig.faces[:, i]] for i in range(3))
    area: np.ndarray = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return area


def square() -> tuple[Any, np.ndarray]:
    """A horizontal square of 2 cm at the origin, which faces upwards, as two triangles of scalp; and its vertices."""
    vertices = 0.01 * np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]], np.float32)
    rig = SimpleNamespace(faces=np.array([[0, 1, 2], [0, 2, 3]], np.int32), regions={"scalp": np.array([0, 1])})
    return rig, vertices


def plain(eye: tuple[float, float, float], colour: tuple[int, int, int], matte: Any = 255) -> Target:
    """A picture of one colour, taken from ``eye`` towards the origin."""
    rgba = np.empty((SIZE, SIZE, 4), np.uint8)
    rgba[..., :3], rgba[..., 3] = colour, matte
    camera = look_at(np.array(eye), np.zeros(3), 0.4, SIZE, SIZE)
    return Target("plain", rgba, camera, 0, (0, 0, SIZE, SIZE))


def same(a: Splats, b: Splats) -> bool:
    return all(torch.equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


def test_every_region_is_covered_as_densely_as_it_should_be(head: Rig) -> None:
    splats, area = surface_splats(head, head.template, COUNT, 2, 0), areas(head)
    number = np.bincount(splats.face.numpy(), minlength=len(area))
    special = np.unique(np.concatenate([head.regions[name] for name in DENSITY if name in head.regions]))
    rest = np.setdiff1d(np.arange(len(area)), special)
    density = number[rest].sum() / area[rest].sum()
    for name, factor in DENSITY.items():
        if name not in head.regions:
            continue  # the head ends at the neck
        faces = head.regions[name]
        assert number[faces].sum() / area[faces].sum() == pytest.approx(factor * density, rel=0.05), name
    # No triangle misses its share by more than one, so no hole is left to chance.
    weight = area.copy()
    for name, factor in DENSITY.items():
        weight[head.regions.get(name, [])] *= factor
    assert np.abs(number - COUNT * weight / weight.sum()).max() < 1.01


def test_they_lie_flat_on_the_surface_and_touch_their_neighbours(head: Rig) -> None:
    splats = surface_splats(head, head.template, COUNT, 2, 0)
    barycentric = splats.barycentric.numpy()
    assert (barycentric >= 0).all() and np.allclose(barycentric.sum(1), 1, atol=1e-6)
    assert not splats.position.any()
    assert bool((splats.face.diff() >= 0).all())
    size = triangle_frames(head.template, head.faces)[1][splats.face.numpy()]
    scale = splats.log_scale.exp().numpy() * size[:, None]
    np.testing.assert_array_less(scale[:, 1], scale[:, [0, 2]].min(1))  # thin along the normal
    # Discs of one standard deviation together cover the surface about twice.
    assert 1.5 < np.pi * (scale[:, 0] * scale[:, 2]).sum() / areas(head).sum() < 2.5


def test_the_seed_decides(head: Rig) -> None:
    first, second, other = (surface_splats(head, head.template, 500, 2, seed) for seed in (3, 3, 4))
    assert same(first, second)
    assert not torch.equal(first.barycentric, other.barycentric)
    heights = np.full(len(head.faces), 0.02, np.float32)
    first, second, other = (shell_splats(head, head.template, heights, 500, 2, seed) for seed in (3, 3, 4))
    assert same(first, second)
    assert not torch.equal(first.position, other.position)


def test_paint_takes_the_colour_of_the_pictures_that_look_at_the_surface(head: Rig) -> None:
    splats = surface_splats(head, head.template, 2000, 0, 0)
    paint(splats, head, [PosedView(plain((0.0, 0.1, 1.5), (255, 51, 0)), head.template)])
    normal = triangle_frames(head.template, head.faces)[0][splats.face.numpy(), :, 1]
    front, back = normal[:, 2] > 0.5, normal[:, 2] < 0
    assert min(front.sum(), back.sum()) > 100
    np.testing.assert_allclose(splats.colour[front], np.tile([1, 0.2, 0], (front.sum(), 1)), atol=1e-6)
    assert (splats.colour[back] == 0.5).all()


def test_paint_mixes_pictures_by_how_squarely_they_look() -> None:
    rig, vertices = square()
    splats = surface_splats(rig, vertices, 50, 0, 0)
    above, slanted = plain((0.0, 1.0, 1e-3), (255, 0, 0)), plain((0.0, 0.5, 0.5), (0, 255, 0))
    paint(splats, rig, [PosedView(above, vertices), PosedView(slanted, vertices)])
    squarely = np.array([1 - 0.2, 0.5**0.5 - 0.2]) ** 2
    share = squarely / squarely.sum()
    np.testing.assert_allclose(splats.colour, np.tile([*share, 0], (50, 1)), atol=0.02)


def test_paint_leaves_what_no_picture_shows() -> None:
    rig, vertices = square()
    for target in (plain((0.0, 1.0, 1e-3), (9, 9, 9), matte=0), plain((0.0, -1.0, 1e-3), (9, 9, 9))):
        splats = surface_splats(rig, vertices, 50, 0, 0)
        paint(splats, rig, [PosedView(target, vertices)])
        assert (splats.colour == 0.5).all()


def around(height: float, count: int = 4) -> list[PosedView]:
    """Pictures from around the origin at its height, whose matte reaches ``height`` metres above it, 1 m away."""
    row = SIZE / 2 - height * SIZE / 2 / np.tan(0.2)
    matte = np.where(np.arange(SIZE) + 0.5 > row, 255, 0)[:, None]
    angles = np.arange(count) * 2 * np.pi / 4
    targets = [plain((np.sin(angle), 0.0, np.cos(angle)), (0, 0, 0), matte) for angle in angles]
    return [PosedView(target, square()[1]) for target in targets]


def test_hair_reaches_as_high_as_every_silhouette() -> None:
    rig, vertices = square()
    pixel = 2 * np.tan(0.2) / SIZE
    heights = hair_heights(rig, around(0.04))
    np.testing.assert_allclose(heights, 0.04, atol=0.003 + pixel)
    lower = [*around(0.04), PosedView(plain((0.7, 0.0, 0.7), (0, 0, 0), matte=0), vertices)]  # one picture denies it
    assert not hair_heights(rig, lower).any()


def test_no_hair_where_there_is_none() -> None:
    rig, _ = square()
    assert not hair_heights(rig, around(0.004)).any()  # a hollow
    assert not hair_heights(rig, around(0.04, 2)).any()  # seen by too few
    rig.regions = {"lips": np.array([0, 1])}
    assert not hair_heights(rig, around(0.04)).any()


def test_the_shell_is_filled_by_volume() -> None:
    rig, vertices = square()
    splats = shell_splats(rig, vertices, np.array([0.03, 0.01], np.float32), 400, 3, 0)
    assert abs(int((splats.face == 0).sum()) - 300) <= 1
    assert splats.correctives.shape == (3, 400, 6)
    size = triangle_frames(vertices, rig.faces)[1]
    up = splats.position.numpy() * size[splats.face.numpy(), None]
    assert not up[:, [0, 2]].any()
    for face, top in ((0, 0.03), (1, 0.01)):
        values = up[splats.face.numpy() == face, 1]
        assert values.min() >= 0 and 0.95 * top < values.max() <= top * (1 + 1e-6)

"""What hangs from the ears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.bake.completion.pendants import Pendants, pendant_splats, pendants, without
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.rig import Rig

TEAL = np.array([0.1, 0.6, 0.55])
LONG, WIDE = 0.02, 0.006
"""metres, of the drops that are painted"""


def drop(rig: Rig, side: float) -> np.ndarray:
    """Places (N, 3) of a drop that begins 8 mm below the lobe."""
    ears = rig.template[np.unique(rig.faces[rig.regions["ears"]])].astype(np.float64)
    own = ears[side * ears[:, 0] > 0]
    lobe = own[own[:, 1].argmin()]
    angle, height = np.meshgrid(np.linspace(0, 2 * np.pi, 24), np.linspace(0, LONG, 40))
    across = WIDE / 2 * np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)
    return np.asarray((lobe + across - np.stack([0 * angle, height + 0.008, 0 * angle], -1)).reshape(-1, 3))


def wearing(views: list[PosedView], rig: Rig, sides: tuple[float, ...], colour: np.ndarray) -> list[PosedView]:
    """The pictures with drops of ``colour`` painted over them, where no cheek is before them."""
    painted = []
    for view in views:
        rgba = view.target.rgba.copy()
        for side in sides:
            point = view.with_head(rig, drop(rig, side))
            out = view.with_head(rig, np.array([[side, 0.0, 0.0]])) - view.with_head(rig, np.zeros((1, 3)))
            if (out @ (view.target.camera.position - point.mean(0)))[0] > 0:
                row, column, inside = view.pixels(point)
                rgba[row[inside], column[inside]] = [*np.round(255 * colour).astype(int), 255]
        painted.append(replace(view, target=replace(view.target, rgba=rgba)))
    return painted


@pytest.fixture(scope="module")
def filled(views: list[PosedView]) -> list[PosedView]:
    """The pictures with what is not the person in grey, as if long hair were behind the ears."""
    filled = []
    for view in views:
        rgba = view.target.rgba.copy()
        rgba[rgba[..., 3] < 255] = [90, 90, 90, 255]
        filled.append(replace(view, target=replace(view.target, rgba=rgba)))
    return filled


@pytest.fixture(scope="module")
def left(rig: Rig, filled: list[PosedView]) -> Pendants:
    return pendants(rig, wearing(filled, rig, (1.0,), TEAL))


def test_nothing_hangs_where_nothing_does(rig: Rig, views: list[PosedView], filled: list[PosedView]) -> None:
    assert not len(pendants(rig, views)) and not len(pendants(rig, filled))
    assert not len(pendants(rig, []))


def test_a_drop_is_found_at_its_place_in_its_colour(rig: Rig, left: Pendants) -> None:
    truth = drop(rig, 1.0)
    thick = left.point[left.wide == left.wide.max()]
    assert len(thick) > 10 and (left.point[:, 0] > 0).all()
    # Nothing stands more than a step, and half a step of rounding, beyond it.
    assert (thick[:, 1] < truth[:, 1].max() + 0.003).all() and (thick[:, 1] > truth[:, 1].min() - 0.003).all()
    assert np.ptp(thick[:, 1]) > 0.6 * LONG and np.ptp(thick[:, 0]) < 2 * WIDE
    assert np.linalg.norm(thick.mean(0) - truth.mean(0)) < 0.004, "its depth is known by how it moves"
    assert np.abs(np.median(left.colour, 0) - TEAL).max() < 0.03


def test_a_thread_joins_it_to_the_lobe(rig: Rig, left: Pendants) -> None:
    thin = left.point[left.wide < left.wide.max()]
    ears = rig.template[np.unique(rig.faces[rig.regions["ears"]])]
    assert np.isclose(thin[:, 1].max(), ears[ears[:, 0] > 0, 1].min(), atol=1e-6)
    assert np.linalg.norm(np.diff(thin, axis=0), axis=1).max() < 0.0015


def test_shadow_between_neck_and_hair_is_not_taken_for_it(rig: Rig, filled: list[PosedView]) -> None:
    assert not len(pendants(rig, wearing(filled, rig, (-1.0, 1.0), np.array([0.05, 0.04, 0.03]))))


def test_what_changes_its_colour_does_not_hang_there(rig: Rig, filled: list[PosedView]) -> None:
    colours = np.random.default_rng(5).random((len(filled), 3))
    changing = [wearing([view], rig, (1.0,), colour)[0] for view, colour in zip(filled, colours, strict=True)]
    assert not len(pendants(rig, changing))


def test_its_gaussians_turn_with_the_ears(rig: Rig, left: Pendants) -> None:
    splats = pendant_splats(rig, left, 3)
    assert len(splats) == 2 * len(left) and splats.correctives.shape == (3, len(splats), 6)
    assert np.isin(splats.face.numpy(), rig.regions["ears"]).all()
    world = to_world(splats.bound(), rig.template, rig.faces)
    assert np.allclose(world.mean.reshape(2, -1, 3).mean(0), left.point, atol=1e-5)


def test_what_it_covers_is_not_asked_of_a_picture(rig: Rig, filled: list[PosedView], left: Pendants) -> None:
    view = filled[0]
    holed = without(view, rig, left)
    row, column, inside = view.pixels(view.with_head(rig, left.point))
    assert inside.any() and (holed.target.rgba[row[inside], column[inside], 3] == 0).all()
    assert 0 < (holed.target.rgba[..., 3] == 0).sum() < 0.05 * holed.target.rgba[..., 3].size
    assert (view.target.rgba[..., 3] == 255).all() and without(view, rig, Pendants.none()) is view

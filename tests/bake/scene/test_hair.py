from __future__ import annotations

import numpy as np
import pytest
import torch

from splatavatar.bake.scene.hair import NAPE, RISE, ROOTS, SHELL_MINIMUM, free_reach, hair_heights, shell_splats
from splatavatar.rig.rig import Rig
from support.ball import RADIUS, around, ball, disc

ALL_ROUND = np.arange(8) * np.pi / 4
FRONT = np.linspace(-0.5, 0.5, 5)
HAIR = 0.024


@pytest.fixture(scope="module")
def rig() -> Rig:
    return ball()


def heights(rig: Rig, yaws: np.ndarray, hair: float, above: bool = True) -> np.ndarray:
    cameras = around(yaws) + (around(yaws, 0.9) if above else [])
    return hair_heights(rig, [disc(camera, RADIUS + hair, rig.template) for camera in cameras])


def away_from_edge(rig: Rig) -> np.ndarray:
    """(F) triangles of the scalp whose hair is no thinner than elsewhere."""
    out = np.zeros(len(rig.faces), bool)
    out[rig.regions["scalp"]] = True
    return out


def test_hair_is_as_thick_as_the_mattes_show(rig: Rig) -> None:
    found = heights(rig, ALL_ROUND, HAIR)
    scalp = away_from_edge(rig)
    assert np.median(found[scalp]) == pytest.approx(HAIR, abs=0.006)
    assert found[scalp].min() > HAIR - 0.007
    assert not found[~scalp].any()


@pytest.mark.parametrize("hair", [0.0, SHELL_MINIMUM - 0.005])
def test_a_bald_head_has_none(rig: Rig, hair: float) -> None:
    found = heights(rig, np.arange(16) * np.pi / 8, hair)
    assert (found[rig.regions["scalp"]] == 0).mean() > 0.95


def test_from_one_side_the_hull_is_open_and_hair_as_thick_as_at_its_outline(rig: Rig) -> None:
    """Points above the front are inside of every matte however far out."""
    found = heights(rig, FRONT, HAIR)
    centre = rig.template[rig.faces].mean(1)
    front = away_from_edge(rig) & (centre[:, 2] > 0.05)
    # The search goes on for 6 cm.
    assert found[front].max() < 0.056 and HAIR / 2 < np.median(found[front]) < 2 * HAIR


def test_hair_that_faces_every_camera_lies_flat_near_the_hairline(rig: Rig) -> None:
    found = heights(rig, FRONT, 0.05, above=False)
    centre, scalp = rig.template[rig.faces].mean(1), away_from_edge(rig)
    normal = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    facing = scalp & (normal[:, 2] > 0.85)
    edge = np.min(np.linalg.norm(centre[facing][:, None] - centre[~scalp], axis=2), axis=1)
    assert facing.sum() > 20 and edge.max() > 0.02
    assert (found[facing] <= ROOTS + RISE * edge + 1e-5).all()
    assert found[scalp & (normal[:, 2] < 0.1) & (normal[:, 2] > -0.1)].max() > 0.04


def test_where_no_view_sees_the_head_from_hair_is_thin(rig: Rig) -> None:
    found = heights(rig, FRONT, 0.05, above=False)
    behind = rig.template[rig.faces].mean(1)[:, 2] < -0.07
    assert found[behind].max() <= NAPE + 1e-6 < 0.03 < found[away_from_edge(rig) & ~behind].max()


def test_two_views_are_not_enough(rig: Rig) -> None:
    assert not heights(rig, ALL_ROUND[:2], HAIR, above=False).any()


def test_a_view_that_does_not_show_a_point_does_not_speak_of_it(rig: Rig) -> None:
    """The picture of one camera shows another place, all of it background: nothing changes."""
    views = [disc(camera, RADIUS + HAIR, rig.template) for camera in around(ALL_ROUND) + around(ALL_ROUND, 0.9)]
    elsewhere = around(np.array([0.0]))[0]
    elsewhere.K[0, 2] += 1000.0
    off = disc(elsewhere, 0.0, rig.template)
    np.testing.assert_array_equal(hair_heights(rig, [*views, off]), hair_heights(rig, views))


def test_gaussians_may_go_as_far_as_the_hair_and_farther_from_clothes(rig: Rig) -> None:
    hair = np.zeros(len(rig.faces), np.float32)
    hair[rig.regions["scalp"]] = HAIR
    reach = free_reach(rig, hair, 0.003, 0.03)
    assert reach[rig.regions["scalp"]] == pytest.approx(0.003 + HAIR)
    assert reach[rig.regions["torso"]] == pytest.approx(0.03)
    rest = np.setdiff1d(np.arange(len(rig.faces)), np.concatenate([rig.regions["scalp"], rig.regions["torso"]]))
    assert len(rest) and reach[rest] == pytest.approx(0.003)


def test_the_shell_is_filled_by_volume(rig: Rig) -> None:
    hair = np.zeros(len(rig.faces), np.float32)
    thin, thick = np.array_split(rig.regions["scalp"], 2)
    hair[thin], hair[thick] = 0.01, 0.03
    splats = shell_splats(rig, rig.template, hair, 6000, 2, 0)
    face = splats.face.numpy()
    assert (hair[face] > 0).all()
    from splatavatar.gaussians.binding import triangle_frames

    _, size = triangle_frames(rig.template, rig.faces)
    above = splats.position[:, 1].numpy() * size[face]
    assert above.min() >= 0 and (above <= hair[face] + 1e-6).all() and above.max() > 0.025
    a, b, c = (rig.template[rig.faces[:, i]] for i in range(3))
    volume = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2 * hair
    share = volume[thick].sum() / volume.sum()
    assert np.isin(face, thick).mean() == pytest.approx(share, abs=0.01)
    # As large as the room that each has.
    metres = splats.log_scale.exp().numpy()[:, 0] * size[face]
    assert metres == pytest.approx(0.6 * (volume.sum() / 6000) ** (1 / 3), rel=1e-4)
    assert splats.correctives.shape == (2, 6000, 6)
    assert torch.allclose(splats.barycentric.sum(1), torch.ones(6000), atol=1e-5)

"""Gaussians for what no picture showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.array_types import Doubles
from splatavatar.bake.completion.bust_end import FADE, GRAIN, end_height, ended
from splatavatar.bake.completion.complete import NEAR, made_splats, within
from splatavatar.bake.completion.placing import placed
from splatavatar.bake.completion.samples import HAIR, on_surface, outer, surface_samples
from splatavatar.bake.completion.strands import grow
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.settings import CROPS
from splatavatar.bake.training.trainer import Trainer
from splatavatar.gaussians.binding import to_world, triangle_frames
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig


def test_what_is_made_covers_what_is_lacking_and_nothing_else(found: Survey, rig: Rig) -> None:
    made = made_splats(rig, found, 4000, 2, 0, None)
    assert len(made) <= 4000 and bool((made.face.diff() >= 0).all())
    point = on_surface(rig, made.face.numpy(), made.barycentric.numpy())
    lacking = found.lacking[found.samples.nearest(point, NEAR)].any(1)
    assert lacking.mean() > 0.97
    bare = found.samples.point[found.lacking]
    from scipy.spatial import KDTree

    assert np.quantile(KDTree(point).query(bare)[0], 0.95) < 0.012
    assert outer(rig)[made.face.numpy()].all()


def test_nothing_is_made_below_the_end_of_a_bust(found: Survey, rig: Rig) -> None:
    height = float(np.median(found.samples.point[:, 1]))
    made = made_splats(rig, found, 2000, 0, 0, height)
    at = on_surface(rig, made.face.numpy(), made.barycentric.numpy())[:, 1]
    assert len(made) and at.min() > height - 0.03


def test_no_gaussian_of_the_pictures_stays_where_they_show_nothing(
    found: Survey, rig: Rig, make_trainer: Callable[..., Trainer]
) -> None:
    splats = make_trainer().state.splats
    kept = splats.rows(torch.from_numpy(np.flatnonzero(~within(splats, rig, found, found.lacking))))
    assert 0 < len(kept) < len(splats)
    point = on_surface(rig, kept.face.numpy(), kept.barycentric.numpy())
    lacking = found.lacking[found.samples.nearest(point, NEAR)].mean(1)
    assert not (lacking[outer(rig)[kept.face.numpy()]] >= 0.5).any()
    inner = ~outer(rig)[splats.face.numpy()]
    assert inner.sum() == (~outer(rig)[kept.face.numpy()]).sum()


def test_gaussians_are_placed_where_they_are_asked_for(rig: Rig) -> None:
    rng = np.random.default_rng(1)
    face = np.sort(rng.choice(len(rig.faces), 50)).astype(np.int32)
    barycentric = np.full((50, 3), 1 / 3, np.float32)
    mean = on_surface(rig, face, barycentric) + rng.normal(0, 0.004, (50, 3))
    turn = np.linalg.qr(rng.normal(size=(50, 3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))[:, None, None]
    scale = rng.uniform(0.001, 0.004, (50, 3))
    made = placed(rig, face, barycentric, mean, turn, scale, np.full(50, 0.9), np.full((50, 3), 0.5), 2)
    bound, _ = made.activated(torch.zeros(2, 3), torch.zeros(2))
    world = to_world(bound, rig.template, rig.faces)
    np.testing.assert_allclose(world.mean, mean, atol=1e-6)
    np.testing.assert_allclose(np.sort(world.scale, 1), np.sort(scale, 1), rtol=1e-4)
    w, x, y, z = world.rotation.T
    first = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], 1)
    np.testing.assert_allclose(np.abs(np.einsum("ni,ni->n", first, turn[:, :, 0])), 1, atol=1e-4)


def test_strands_lie_on_the_scalp_and_along_it(found: Survey) -> None:
    roots = np.flatnonzero((found.samples.material == HAIR) & found.lacking)
    strands = grow(found.samples, roots, 700, 0)
    assert 300 < len(strands.mean) <= 700
    along, normal = strands.rotation[:, :, 0], found.samples.normal[strands.sample]
    assert np.abs(np.einsum("ni,ni->n", along, normal)).mean() < 0.2
    assert np.linalg.norm(strands.mean - found.samples.point[strands.sample], axis=1).max() < 0.08
    assert (strands.scale[:, 0] > 2 * strands.scale[:, 2]).all()


def test_a_bust_ends_in_one_line(rig: Rig, found: Survey, make_trainer: Callable[..., Trainer]) -> None:
    splats = make_trainer().state.splats
    assert ended(splats, rig, found, None, 0) is splats
    chest = replace(rig, regions={**rig.regions, "torso": np.arange(len(rig.faces), dtype=np.int32)})
    height = float(np.median(rig.template[:, 1]))
    kept = ended(splats, chest, found, height, 0)
    assert bool((kept.face.diff() >= 0).all())
    at = _height(rig, kept)
    assert at.min() > height
    assert (at > height + FADE + GRAIN).sum() == (_height(rig, splats) > height + FADE + GRAIN).sum()
    opacity = torch.sigmoid(kept.logit).numpy()
    thirds = [opacity[(at > height + FADE * k / 3) & (at <= height + FADE * (k + 1) / 3)] for k in range(3)]
    assert thirds[0].max() < thirds[1].min() < thirds[1].max() < thirds[2].min()
    # Nothing that is opaque reaches down through the line.
    size = torch.from_numpy(triangle_frames(rig.template, rig.faces)[1])[kept.face.long()]
    widest = (kept.log_scale.exp() * size[:, None]).amax(1).numpy()
    assert (at - 2 * widest)[at > height + FADE + GRAIN].min() > height + FADE - 3 * GRAIN


def _height(rig: Rig, splats: Splats) -> Doubles:
    return on_surface(rig, splats.face.numpy(), splats.barycentric.numpy())[:, 1]


@pytest.mark.parametrize("crop", CROPS)
def test_a_bust_ends_where_it_is_asked_to(found: Survey, crop: str) -> None:
    bust = load_rig("anny-bust")
    below = CROPS[crop]
    whole = replace(
        found,
        samples=surface_samples(bust, np.zeros(len(bust.faces), np.float32), 0),
    )
    count = len(whole.samples)
    whole = replace(whole, seen=replace(whole.seen, framed=np.ones(count)))
    neck = float(bust.template[bust.faces[bust.regions["neck"]]][..., 1].min())
    height = end_height(whole, bust, below)
    assert height is not None
    if below is None:
        assert height < neck - 0.1, "all of it was filmed"
    else:
        assert height == pytest.approx(neck - below)


def test_what_any_picture_shows_of_the_chest_stays(found: Survey) -> None:
    bust = load_rig("anny-bust")
    samples = surface_samples(bust, np.zeros(len(bust.faces), np.float32), 0)
    neck = float(bust.template[bust.faces[bust.regions["neck"]]][..., 1].min())
    lowest = neck - 0.08
    framed = np.where(samples.point[:, 1] > lowest, 0.1, 0.0)  # the head comes so near in one picture of ten
    height = end_height(replace(found, samples=samples, seen=replace(found.seen, framed=framed)), bust)
    assert height is not None
    assert lowest - 2 * FADE < height < lowest - FADE / 2, "fades below what was filmed, and little below"

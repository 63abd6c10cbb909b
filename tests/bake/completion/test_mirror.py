"""The same places of both sides, and what one lends to the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.bake.completion.account import account
from splatavatar.bake.completion.complete import within
from splatavatar.bake.completion.lend import lent_splats
from splatavatar.bake.completion.mirror import MIRROR, counterparts, mirrored_faces
from splatavatar.bake.completion.samples import on_surface, outer, sampled_mask
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.bake.training.trainer import Trainer
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def one_sided(found: Survey) -> Survey:
    """A survey that saw all of the left side and nothing of the right."""
    left = found.samples.point[:, 0] > 0
    trust = left.astype(np.float64)
    return replace(found, seen=replace(found.seen, trust=trust), colour=np.where(left[:, None], 0.7, 0.4))


@pytest.fixture(scope="module")
def learnt(rig: Rig) -> Splats:
    splats = surface_splats(rig, rig.template, 6000, 2, 0)
    left = on_surface(rig, splats.face.numpy(), splats.barycentric.numpy())[:, 0] > 0
    splats = splats.rows(torch.from_numpy(np.flatnonzero(left)))
    rng = torch.Generator().manual_seed(1)
    splats.position += 0.2 * torch.randn(splats.position.shape, generator=rng)
    splats.rotation += 0.5 * torch.randn(splats.rotation.shape, generator=rng)
    splats.colour[:] = torch.rand(splats.colour.shape, generator=rng) * 0.2 + 0.6
    return splats


def test_the_mirrored_place_of_a_place_is_on_the_other_side_and_leads_back(found: Survey) -> None:
    samples = found.samples
    other = counterparts(samples)
    paired = np.flatnonzero(other >= 0)
    assert len(paired) > 0.9 * len(samples)
    assert (samples.material[other[paired]] == samples.material[paired]).all()
    assert np.linalg.norm(samples.point[paired] * MIRROR - samples.point[other[paired]], axis=1).max() < 0.006
    back = other[other[paired]]
    near = back >= 0
    assert np.linalg.norm(samples.point[back] - samples.point[paired], axis=1)[near].max() < 0.012


def test_the_mirrored_triangle_faces_the_mirrored_way(rig: Rig) -> None:
    across = mirrored_faces(rig)
    assert ((across >= 0) == outer(rig)).all()
    faces = np.flatnonzero(across >= 0)
    centre = rig.template[rig.faces].mean(1)
    away = np.linalg.norm(centre[faces] * MIRROR - centre[across[faces]], axis=1)
    assert np.quantile(away, 0.99) < 0.004


def test_a_side_that_was_not_seen_gets_the_mirror_image_of_the_other(
    one_sided: Survey, learnt: Splats, rig: Rig
) -> None:
    lent = lent_splats(learnt, rig, one_sided)
    assert len(lent) > 0.5 * len(learnt)
    point = on_surface(rig, lent.face.numpy(), lent.barycentric.numpy())
    assert (point[:, 0] < 0.004).all() and bool((lent.face.diff() >= 0).all() or len(lent))
    none = torch.zeros(2, 0), torch.zeros(2)
    there = to_world(lent.activated(*none)[0], rig.template, rig.faces)
    here = to_world(learnt.activated(*none)[0], rig.template, rig.faces)
    from scipy.spatial import KDTree

    distance, near = KDTree(here.mean).query(there.mean * MIRROR)
    assert np.median(distance) < 1e-3 and np.quantile(distance, 0.95) < 0.004
    close = distance < 2e-4
    assert close.sum() > 100
    axes = _covariances(there.rotation[close], there.scale[close])
    wanted = _covariances(here.rotation[near[close]], here.scale[near[close]]) * np.outer(MIRROR, MIRROR)
    assert np.median(np.abs(axes - wanted).max((1, 2)) / np.abs(wanted).max((1, 2))) < 1e-4
    # The light is that of the other side, 0.3 darker; what is seen beyond it is carried over.
    far = close & (np.abs(there.mean[:, 0]) > 0.02)
    np.testing.assert_allclose(there.colour[far], here.colour[near[far]] - 0.3, atol=0.02)


def test_nothing_is_lent_where_both_sides_were_seen_or_neither(found: Survey, learnt: Splats, rig: Rig) -> None:
    for trust in (0.0, 1.0):
        even = replace(found, seen=replace(found.seen, trust=np.full(len(found.samples), trust)))
        assert not even.mirrored.any()
        assert len(lent_splats(learnt, rig, even)) == 0


def test_what_is_lent_takes_the_place_of_what_was_made(
    one_sided: Survey, rig: Rig, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer()
    state = trainer.state
    splats = state.splats
    places = within(splats, rig, one_sided, one_sided.mirrored)
    state.made = torch.from_numpy(places.astype(np.uint8))
    state.seen += 3.0
    lent = lent_splats(splats.rows(torch.from_numpy(np.flatnonzero(~places))), rig, one_sided)
    trainer.lend = lambda _: (torch.from_numpy(np.flatnonzero(~places)), lent)
    trainer.step(trainer.schedule.lend_at)
    assert state.lent and len(state.splats) == (~places).sum() + len(lent)
    assert int(state.made.sum()) == len(lent)
    assert bool((state.splats.face.diff() >= 0).all())
    assert all(len(part) == len(state.splats) for part in (state.moments.first, state.moments.second))
    count = len(state.splats)
    trainer.step(1.0)
    assert len(state.splats) == count, "lent once"


def test_an_account_names_what_was_completed_and_how(found: Survey, one_sided: Survey, rig: Rig) -> None:
    said = account(rig, one_sided)
    assert "right ear: mirrored" in said and not any(line.startswith("left") for line in said)
    blind = replace(found, seen=replace(found.seen, trust=np.zeros(len(found.samples))))
    assert "back of the head: continued" in account(rig, blind) and "left ear: continued" in account(rig, blind)
    sure = replace(found, seen=replace(found.seen, trust=np.ones(len(found.samples))))
    assert account(rig, sure) == []
    assert account(rig, sure, long_hair=True) == ["long hair: continued"]
    assert sampled_mask(rig, found.samples, "ears").any()


def _covariances(rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    from splatavatar.rotations import matrices_of_quaternions

    axes = matrices_of_quaternions(rotation) * scale[:, None]
    return np.asarray(axes @ axes.transpose(0, 2, 1))

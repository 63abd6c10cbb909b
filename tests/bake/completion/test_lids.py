"""The layer of skin below lids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from splatavatar.bake.completion.lids import BLINK, LASHES, RIMS, SPACING, lid_splats, unfolded
from splatavatar.bake.completion.samples import facial
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.landmarks import positions
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def lids(rig: Rig, found: Survey) -> Splats:
    return lid_splats(rig, found, 4, 0)


def closed(rig: Rig) -> np.ndarray:
    return np.asarray(rig.template + sum(rig.expression_basis[rig.expression_names.index(n)] for n in BLINK))


def test_a_closed_lid_is_covered_and_opaque(rig: Rig, lids: Splats) -> None:
    world = to_world(lids.bound(), closed(rig), rig.faces)
    lid = closed(rig)[rig.faces[rig.regions["eyelids"]]].mean(1)
    assert KDTree(world.mean).query(lid)[0].max() < 2 * SPACING
    assert world.opacity.min() > 0.9 and world.scale.max(1).min() > 0.5 * SPACING
    assert lids.correctives.shape[:2] == (4, len(lids)) and not lids.correctives.any()


def test_it_lies_below_the_surface(rig: Rig, lids: Splats) -> None:
    assert bool((lids.position[:, 1] < 0).all()) and not lids.position[:, [0, 2]].any()
    below = to_world(lids.bound(), closed(rig), rig.faces).mean
    on = to_world(replace(lids, position=0 * lids.position).bound(), closed(rig), rig.faces).mean
    assert 1e-4 < np.linalg.norm(below - on, axis=1).max() < 1e-3


def test_it_has_the_colour_of_skin(rig: Rig, found: Survey, lids: Splats) -> None:
    skin = found.seen.colour[facial(rig, found.samples) & (found.seen.trust > 0.5)]
    low, high = np.quantile(skin, [0.05, 0.95], axis=0)
    colour = lids.colour.numpy()
    assert (colour > low).all() and (colour < high).all()
    assert colour.mean() == pytest.approx(np.median(skin.mean(1)), abs=0.1)


def test_without_skin_or_lids_there_is_none(rig: Rig, found: Survey) -> None:
    blind = replace(found, seen=replace(found.seen, trust=np.zeros_like(found.seen.trust)))
    assert len(lid_splats(rig, blind, 2, 0)) == 0
    lidless = replace(rig, regions={name: faces for name, faces in rig.regions.items() if name != "eyelids"})
    assert len(lid_splats(lidless, found, 2, 0)) == 0


def test_what_lies_in_a_fold_nearly_has_the_colour_of_the_layer(rig: Rig, found: Survey) -> None:
    splats = surface_splats(rig, rig.template, 60_000, 0, 0)
    splats.colour[:] = 0.0
    trust = np.zeros_like(found.seen.trust)
    trust[facial(rig, found.samples)] = 1.0
    blind = replace(found, seen=replace(found.seen, trust=trust))
    colour = unfolded(splats, rig, blind).colour.numpy()
    lid = np.isin(splats.face.numpy(), rig.regions["eyelids"])
    assert not colour[~lid].any() and not splats.colour.any()
    changed = lid & (colour > 0).any(1)
    assert 0.1 < changed.sum() / lid.sum() < 0.6, "lashes stay as dark as they are"
    place = to_world(splats.bound(), closed(rig), rig.faces).mean
    points = rig.landmarks["mediapipe"]
    rim = positions(points, closed(rig), rig.faces)[np.ravel(RIMS)]
    away = KDTree(rim).query(place)[0]
    assert away[changed].min() > LASHES * 0.9 and np.quantile(away[lid & ~changed], 0.8) < LASHES
    usual = np.median(found.seen.colour[facial(rig, found.samples) & (found.seen.trust > 0.9)], 0)
    assert np.abs(np.median(colour[changed], 0) - usual).max() < 0.2


def test_a_lid_that_was_seen_keeps_its_colour(rig: Rig, found: Survey) -> None:
    splats = surface_splats(rig, rig.template, 20_000, 0, 0)
    splats.colour[:] = 0.0
    sure = replace(found, seen=replace(found.seen, trust=np.ones_like(found.seen.trust)))
    assert not unfolded(splats, rig, sure).colour.any()
    lidless = replace(rig, regions={name: faces for name, faces in rig.regions.items() if name != "eyelids"})
    assert not unfolded(splats, lidless, found).colour.any()

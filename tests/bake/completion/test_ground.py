"""Gaussians below the skin of whom one camera saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import KDTree

from splatavatar.bake.completion.ground import DEEP, HOLLOW, LIKELY, SPACING, ground
from splatavatar.bake.completion.samples import SKIN, on_surface
from splatavatar.bake.completion.survey import Survey
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.rig import Rig


def test_a_ground_lies_below_the_skin_and_nowhere_else(found: Survey, rig: Rig) -> None:
    places = found.samples.point[:, 0] > 0
    made = ground(rig, found, places, 3, 0)
    assert made.correctives.shape == (3, len(made), 6) and bool((made.face.diff() >= 0).all())
    face = made.face.numpy()
    assert not np.isin(face, np.concatenate([rig.regions[name] for name in HOLLOW])).any()
    surface = on_surface(rig, face, made.barycentric.numpy())
    depth = np.linalg.norm(to_world(made.bound(), rig.template, rig.faces).mean - surface, axis=1)
    np.testing.assert_allclose(depth, DEEP, rtol=1e-3)
    assert surface[:, 0].min() > -0.01
    skin = places & (found.samples.material == SKIN) & (found.skin > 0.9)
    skin &= ~np.isin(found.samples.face, np.concatenate([rig.regions[name] for name in HOLLOW]))
    gap = KDTree(surface).query(found.samples.point[skin])[0]
    assert np.quantile(gap, 0.9) < SPACING, "no hole to see through"


def test_a_ground_has_the_colour_that_was_seen_above_it(found: Survey, rig: Rig) -> None:
    made = ground(rig, found, np.ones(len(found.samples), bool), 0, 0)
    near = found.samples.nearest(on_surface(rig, made.face.numpy(), made.barycentric.numpy()), 4)
    colour = found.seen.trust[:, None] * found.seen.colour
    colour += (1 - found.seen.trust[:, None]) * found.colour
    # Where it was not trusted the smooth colour is shaded.
    sure = (found.seen.trust[near].min(1) == 1) & (found.skin[near].min(1) > LIKELY)
    expected = colour[near[sure]].mean(1).clip(0, 1).astype(np.float32)
    assert sure.sum() > 500
    torch.testing.assert_close(made.colour[torch.from_numpy(sure)], torch.from_numpy(expected), atol=1e-4, rtol=0)
    assert float(torch.sigmoid(made.logit).min()) > 0.9


def test_what_does_not_look_like_skin_has_a_ground_of_skin(found: Survey, rig: Rig) -> None:
    odd = replace(found, skin=np.zeros_like(found.skin))
    made = ground(rig, odd, np.ones(len(found.samples), bool), 0, 0)
    near = found.samples.nearest(on_surface(rig, made.face.numpy(), made.barycentric.numpy()), 4)
    assert len(made) == len(ground(rig, found, np.ones(len(found.samples), bool), 0, 0))
    np.testing.assert_allclose(made.colour.numpy(), found.colour[near].mean(1), atol=1e-4)


def test_a_rig_without_lids_or_lips_has_a_ground_too(found: Survey, rig: Rig) -> None:
    bare = replace(rig, regions={name: faces for name, faces in rig.regions.items() if name not in HOLLOW})
    assert len(ground(bare, found, np.ones(len(found.samples), bool), 0, 0)) > 500

"""Skin that has no colour which the pictures do not show there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from splatavatar.bake.completion.samples import HAIR, INNER, SKIN, materials, on_surface
from splatavatar.bake.completion.shown_colours import MARGIN, within_shown_colours
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.rig.rig import Rig


def painted(rig: Rig, found: Survey, colour: np.ndarray | None) -> tuple[Splats, np.ndarray, np.ndarray]:
    """Gaussians on all of ``rig`` in one colour, or in that which was seen there; their samples and materials."""
    splats = surface_splats(rig, rig.template, 6000, 0, 0)
    face = splats.face.numpy()
    near = found.samples.nearest(on_surface(rig, face, splats.barycentric.numpy()), 1)[:, 0]
    shown = found.seen.colour[near] if colour is None else np.broadcast_to(colour, (len(splats), 3))
    splats.colour[:] = torch.from_numpy(shown.astype(np.float32))
    return splats, near, materials(rig)[face]


def test_a_black_gaussian_on_seen_skin_becomes_skin(rig: Rig, found: Survey, views: list[PosedView]) -> None:
    splats, near, material = painted(rig, found, np.zeros(3))
    colour = within_shown_colours(splats, rig, found, views).colour.numpy()
    sure = (material == SKIN) & (found.samples.material[near] == SKIN)
    sure &= (found.seen.trust[near] == 1) & (found.skin[near] > 0.9)
    seen = found.seen.colour[near[sure]]
    assert sure.sum() > 200
    # A few lie beside brows or nostrils, which are dark.
    assert np.median(np.abs(colour[sure] - seen).max(1)) < MARGIN + 0.15
    assert (colour[sure].max(1) > 0.15).mean() > 0.95
    assert not colour[material == INNER].any() and not colour[found.samples.material[near] == HAIR].any()
    assert not splats.colour.any(), "the ones given stay as they are"


def test_what_the_pictures_show_stays(rig: Rig, found: Survey, views: list[PosedView]) -> None:
    splats, near, _ = painted(rig, found, None)
    after = within_shown_colours(splats, rig, found, views).colour
    sure = torch.from_numpy(found.seen.trust[near] == 1)
    changed = (after - splats.colour)[sure].abs().amax(1)
    assert float((changed > 0.02).float().mean()) < 0.03


def test_one_odd_picture_says_nothing(rig: Rig, found: Survey, views: list[PosedView]) -> None:
    """A hand, a flash: whatever passes by in one picture does not free the colours of all."""
    black = np.zeros_like(views[0].target.rgba)
    black[..., 3] = 255
    odd = [replace(views[0], target=replace(views[0].target, rgba=black)), *views[1:]]
    splats, near, material = painted(rig, found, np.zeros(3))
    usual = within_shown_colours(splats, rig, found, views).colour.numpy()
    colour = within_shown_colours(splats, rig, found, odd).colour.numpy()
    nose = (material == SKIN) & (found.seen.trust[near] == 1) & (usual.max(1) > 0.3)
    assert nose.sum() > 200 and np.median(usual[nose] - colour[nose]) < 0.05


def test_no_picture_changes_nothing(rig: Rig, found: Survey) -> None:
    splats, _, _ = painted(rig, found, np.zeros(3))
    torch.testing.assert_close(within_shown_colours(splats, rig, found, []).colour, splats.colour)

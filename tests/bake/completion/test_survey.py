"""What the pictures say of the surface, and what follows where they say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.bake.completion.samples import HAIR, SKIN, sampled_mask, surface_samples
from splatavatar.bake.completion.seen import observe
from splatavatar.bake.completion.survey import Survey, survey
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.rig.rig import Rig


def test_the_face_is_trusted_and_the_back_of_the_neck_is_not(found: Survey, rig: Rig) -> None:
    normal = found.samples.normal
    neck = sampled_mask(rig, found.samples, "neck")
    nose = (found.samples.material == SKIN) & (found.samples.point[:, 2] > found.samples.point[:, 2].max() - 0.02)
    assert found.seen.trust[nose].mean() > 0.9
    assert not found.seen.trust[neck & (normal[:, 2] < -0.7)].any()
    assert found.lacking[neck & (normal[:, 2] < -0.7)].all()


def test_what_was_seen_keeps_its_colour_and_the_rest_lies_within_what_was_seen(found: Survey) -> None:
    skin = found.samples.material == SKIN
    sure = skin & (found.seen.trust > 0.9) & (found.skin > 0.7)
    assert np.abs(found.colour[sure] + found.detail[sure] - found.seen.colour[sure]).max() < 0.01
    lacking = skin & found.lacking
    usual = np.median(found.seen.colour[sure], 0)
    assert np.abs(np.median(found.colour[lacking], 0) - usual).max() < 0.2
    assert np.isfinite(found.colour).all() and found.colour.min() >= 0 and found.colour.max() <= 1


def test_a_background_leaves_no_trace(rig: Rig, views: list[PosedView], found: Survey) -> None:
    green = []
    for view in views:
        rgba = view.target.rgba.copy()
        rgba[rgba[..., 3] < 250, :3] = 0, 255, 0
        green.append(replace(view, target=replace(view.target, rgba=rgba)))
    samples = surface_samples(rig, np.zeros(len(rig.faces), np.float32), 0)
    seen, before = observe(samples, rig, green), observe(samples, rig, views)
    np.testing.assert_array_equal(seen.colour, before.colour)
    coloured = survey(rig, np.zeros(len(rig.faces), np.float32), green, 0).colour
    assert (coloured[:, 1] <= np.maximum(coloured[:, 0], coloured[:, 2]) + 0.05).all()


def test_a_place_behind_another_was_not_seen(rig: Rig, views: list[PosedView]) -> None:
    samples = surface_samples(rig, np.zeros(len(rig.faces), np.float32), 0)
    front = [view for view in views if abs(view.target.camera.T_camera_world[2, 0]) < 0.2]
    behind = sampled_mask(rig, samples, "scalp") & (samples.normal[:, 2] < -0.3)
    assert front and behind.any()
    assert not observe(samples, rig, front).weight[behind].any()


def test_a_survey_is_the_same_each_time(rig: Rig, views: list[PosedView]) -> None:
    flat = np.zeros(len(rig.faces), np.float32)
    first, second = (survey(rig, flat, views[:4], 3) for _ in range(2))
    np.testing.assert_array_equal(first.colour, second.colour)


def test_hair_is_not_skin(found: Survey) -> None:
    hair = (found.samples.material == HAIR) & (found.seen.trust > 0.9)
    skin = (found.samples.material == SKIN) & (found.seen.trust > 0.9)
    assert np.median(found.skin[skin]) > np.median(found.skin[hair]) + 0.2


def test_no_hair_stands_where_skin_was_seen(found: Survey, rig: Rig) -> None:
    heights = np.full(len(rig.faces), 0.02, np.float32)
    stands = found.hairy(heights)
    skin, seen = found.samples.face[found.samples.material == SKIN], np.unique(found.samples.face)
    others = np.setdiff1d(seen, skin)
    assert len(others) and (stands[others] == np.float32(0.02)).all()
    whole = np.setdiff1d(seen, found.samples.face[found.samples.material != SKIN])
    assert len(whole) and (stands[whole] == 0).all()
    unasked = np.setdiff1d(np.arange(len(heights)), seen)
    assert (stands[unasked] == np.float32(0.02)).all()

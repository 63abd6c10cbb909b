"""Hair that hangs below the ears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.bake.completion.long_hair import FRONT, LONG, RAGGED, curtain, hanging
from splatavatar.bake.completion.samples import HAIR, sampled_mask
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import to_world
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def lobe(rig: Rig, found: Survey) -> float:
    return float(found.samples.point[sampled_mask(rig, found.samples, "ears"), 1].min())


@pytest.fixture(scope="module")
def hung(rig: Rig, found: Survey, lobe: float) -> Splats:
    return curtain(rig, found, lobe - 0.1, 3, 0)


def with_hair_around(views: list[PosedView], colour: np.ndarray) -> list[PosedView]:
    """The pictures with all that is not the person in ``colour``, as if it were of the person."""
    painted = []
    for view in views:
        rgba = view.target.rgba.copy()
        rgba[rgba[..., 3] == 0, :3] = np.round(255 * colour)
        rgba[..., 3] = 255
        painted.append(replace(view, target=replace(view.target, rgba=rgba)))
    return painted


def usual_hair(found: Survey) -> np.ndarray:
    hair = (found.samples.material == HAIR) & (found.seen.weight > 0)
    return np.asarray(np.median(found.seen.colour[hair], 0))


def test_hair_that_ends_at_the_ears_does_not_hang(rig: Rig, found: Survey, views: list[PosedView]) -> None:
    assert hanging(rig, found, views) is None


def test_hair_beside_the_neck_hangs(rig: Rig, found: Survey, views: list[PosedView], lobe: float) -> None:
    long = with_hair_around(views, usual_hair(found))
    end = hanging(rig, found, long)
    assert end is not None and end < lobe - LONG
    assert hanging(rig, replace(found, scarf=True), long) is None, "cloth on the head has no strands"


def test_what_has_another_colour_beside_the_neck_is_no_hair(rig: Rig, found: Survey, views: list[PosedView]) -> None:
    assert hanging(rig, found, with_hair_around(views, np.array([0.1, 0.7, 0.2]))) is None


def test_a_curtain_hangs_behind_and_beside_the_neck_and_off_it(
    rig: Rig, found: Survey, hung: Splats, lobe: float
) -> None:
    assert bool((hung.face.diff() >= 0).all()) and hung.correctives.shape == (3, len(hung), 6)
    assert np.isin(hung.face.numpy(), rig.regions["scalp"]).all(), "it turns with the head"
    world = to_world(hung.bound(), rig.template, rig.faces)
    top = found.samples.point[sampled_mask(rig, found.samples, "ears"), 1].max()
    assert world.mean[:, 1].max() < top + 0.01 and lobe - 0.1 - 5 * RAGGED < world.mean[:, 1].min() < lobe - 0.08
    scalp = found.samples.point[found.samples.material == HAIR]
    axis = (scalp[:, 2].min() + scalp[:, 2].max()) / 2
    angle = np.degrees(np.arctan2(np.abs(world.mean[:, 0]), world.mean[:, 2] - axis))
    assert angle.min() > FRONT - 3 and angle.max() > 175
    neck = found.samples.point[sampled_mask(rig, found.samples, "neck")]
    behind = neck[neck[:, 2] < axis - 0.02]
    for level in np.arange(lobe - 0.08, lobe, 0.02):
        inner = behind[np.abs(behind[:, 1] - level) < 0.01]
        outer = world.mean[(np.abs(world.mean[:, 1] - level) < 0.01) & (np.abs(world.mean[:, 0]) < 0.02)]
        if len(inner):
            assert len(outer) > 10 and np.median(outer[:, 2]) < inner[:, 2].min()


def test_a_curtain_is_opaque_and_has_the_colour_of_the_hair(found: Survey, hung: Splats) -> None:
    assert float(torch.sigmoid(hung.logit).min()) > 0.8
    hair = found.colour[found.samples.material == HAIR]
    colour = hung.colour.numpy()
    assert np.abs(np.median(colour, 0) - np.median(hair, 0)).max() < 0.15
    assert colour.std() > 0.01


def test_a_curtain_is_the_same_each_time(rig: Rig, found: Survey, hung: Splats, lobe: float) -> None:
    again = curtain(rig, found, lobe - 0.1, 3, 0)
    torch.testing.assert_close(again.position, hung.position, atol=0, rtol=0)
    assert len(curtain(rig, found, lobe - 0.2, 3, 0)) > len(hung)

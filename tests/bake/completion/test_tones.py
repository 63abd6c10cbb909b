"""What is hair, and what is cloth on a head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.bake.completion.complete import made_splats
from splatavatar.bake.completion.samples import HAIR, on_surface
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.completion.tones import covered
from splatavatar.rig.rig import Rig


@pytest.mark.parametrize(
    ("colour", "cloth"),
    [
        ((0.95, 0.95, 0.93), True),
        ((0.1, 0.3, 0.7), True),
        ((0.1, 0.5, 0.2), True),
        ((0.08, 0.07, 0.06), False),
        ((0.35, 0.22, 0.14), False),
        ((0.6, 0.3, 0.12), False),
        ((0.66, 0.53, 0.33), False),
    ],
    ids=["white", "blue", "green", "black", "brown", "red", "blond"],
)
def test_a_scarf_is_told_from_hair_by_its_colour(
    found: Survey, rig: Rig, colour: tuple[float, float, float], cloth: bool
) -> None:
    hair = found.samples.material == HAIR
    painted = np.where(hair[:, None], np.array(colour), found.seen.colour)
    assert covered(found.samples, rig, replace(found.seen, colour=painted)) is cloth


def test_a_head_of_which_nothing_was_seen_wears_no_scarf(found: Survey, rig: Rig) -> None:
    assert not covered(found.samples, rig, replace(found.seen, weight=np.zeros(len(found.samples))))


def test_a_scarf_has_no_strands(found: Survey, rig: Rig) -> None:
    hair, cloth = (made_splats(rig, replace(found, scarf=scarf), 4000, 0, 0, None) for scarf in (False, True))
    scales = [np.sort(made.log_scale.exp().numpy(), 1) for made in (hair, cloth)]
    longest = [float((scale[:, 2] / scale[:, 1]).max()) for scale in scales]
    assert longest[0] > 2 > 1.01 > longest[1]
    point = on_surface(rig, cloth.face.numpy(), cloth.barycentric.numpy())
    assert (found.samples.material[found.samples.nearest(point, 1)[:, 0]] == HAIR).any()

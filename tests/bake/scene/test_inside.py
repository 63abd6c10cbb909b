"""What lies behind lips and lids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.bake.scene.inside import INSIDE, fill_inside
from splatavatar.capture import read_capture
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

LIPS, SKIN = torch.tensor([0.6, 0.3, 0.3]), torch.tensor([0.7, 0.5, 0.4])


@pytest.fixture(scope="module")
def head() -> Rig:
    parameters = read_capture(Path(__file__).parents[3] / "data" / "sample-capture").rig_parameters
    assert parameters is not None
    return load_rig("anny-head", parameters.identity)


def of(splats: Splats, head: Rig, region: str) -> torch.Tensor:
    return torch.isin(splats.face, torch.from_numpy(head.regions[region]))


@pytest.fixture(scope="module")
def filled(head: Rig) -> Splats:
    splats = surface_splats(head, head.template, 20_000, 2, 0)
    splats.colour[of(splats, head, "skin")] = SKIN
    splats.colour[of(splats, head, "lips")] = LIPS
    fill_inside(splats, head)
    return splats


def test_the_inside_of_a_mouth_is_dark_flesh_darker_with_depth(head: Rig, filled: Splats) -> None:
    mouth = of(filled, head, "mouth")
    colour, depth = filled.colour[mouth].numpy(), head.template[head.faces[filled.face[mouth].numpy()]].mean(1)[:, 2]
    deep, near = depth < np.quantile(depth, 0.2), depth > np.quantile(depth, 0.8)
    assert colour[deep].mean() < 0.5 * colour[near].mean() < 0.5 * float(LIPS.mean())
    np.testing.assert_allclose(colour[:, 0] / colour[:, 1], 2.0, rtol=1e-4)


def test_teeth_are_the_lightest_and_the_tongue_is_lighter_than_the_palate(head: Rig, filled: Splats) -> None:
    mean = {
        region: float(filled.colour[of(filled, head, region)].mean()) for region in INSIDE if region != "eye_sockets"
    }
    assert max(mean, key=lambda region: mean[region]) == "teeth_upper"
    assert mean["tongue"] > mean["mouth"]


def test_nothing_inside_can_be_seen_through_and_nothing_else_changes(head: Rig, filled: Splats) -> None:
    inside = torch.zeros(len(filled), dtype=torch.bool)
    for region in INSIDE:
        inside |= of(filled, head, region)
    assert float(torch.sigmoid(filled.logit[inside]).min()) > 0.9
    assert not filled.logit[~inside].any()
    torch.testing.assert_close(filled.colour[of(filled, head, "lips")][0], LIPS)


def test_without_lips_there_is_nothing_to_go_by(head: Rig) -> None:
    splats = surface_splats(head, head.template, 5_000, 2, 0)
    bare = splats.rows(torch.nonzero(~of(splats, head, "lips")).flatten())
    before = bare.colour.clone()
    fill_inside(bare, head)
    torch.testing.assert_close(bare.colour, before)

"""What the pictures of the sample capture say of its person: of all of them, and of one camera alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from splatavatar.bake.completion.survey import Survey, survey
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.hair import hair_heights
from splatavatar.bake.scene.posed_view import PosedView, all_round, sides
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.trainer import Trainer
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.rig import Rig

Sample = tuple[Rig, RigParameters, list[Target], list[Target]]


@pytest.fixture(scope="session")
def rig(sample: Sample) -> Rig:
    return sample[0]


@pytest.fixture(scope="session")
def motion(make_trainer: Callable[..., Trainer]) -> RigMotion:
    return make_trainer().motion


@pytest.fixture(scope="session")
def views(sample: Sample, motion: RigMotion) -> list[PosedView]:
    return sides(sample[2], motion, 15)


@pytest.fixture(scope="session")
def found(sample: Sample, motion: RigMotion, rig: Rig, views: list[PosedView]) -> Survey:
    """The survey of all fifteen pictures."""
    return survey(rig, hair_heights(rig, all_round(sample[2], motion, 8)), views, 0)

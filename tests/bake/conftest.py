"""A small bake on real pictures that several tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.bake.scene.hair import free_reach, hair_heights
from splatavatar.bake.scene.initialise import first_splats
from splatavatar.bake.scene.posed_view import all_round
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.training.corrective_basis import corrective_basis
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.schedule import Schedule
from splatavatar.bake.training.trainer import Trainer, fresh_state
from splatavatar.capture import read_capture
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

SAMPLE_CAPTURE = Path(__file__).parents[2] / "data" / "sample-capture"
TRAINED, HELD_OUT = slice(0, 60, 4), slice(60, 80, 5)


@pytest.fixture(scope="session")
def sample() -> tuple[Rig, RigParameters, list[Target], list[Target]]:
    """Rig, its parameters, 15 pictures to train on and 4 others."""
    capture = read_capture(SAMPLE_CAPTURE)
    assert capture.rig_parameters is not None
    frames = capture.split("train")
    rig = load_rig("anny-head", capture.rig_parameters.identity)
    return rig, capture.rig_parameters, load_targets(frames[TRAINED]), load_targets(frames[HELD_OUT])


@pytest.fixture(scope="session")
def make_trainer(sample: tuple[Rig, RigParameters, list[Target], list[Target]]) -> Callable[..., Trainer]:
    """``make_trainer(move_rig=False, seed=0)`` is a trainer of 4,000 Gaussians before its first step."""
    rig, parameters, targets, _ = sample
    torch.set_num_threads(1)  # as a bake does: several sum the gradient of the rig in no fixed order

    def make(move_rig: bool = False, seed: int = 0) -> Trainer:
        schedule, motion = Schedule(), RigMotion(rig, parameters)
        trained = sorted({t.timestep for t in targets})
        weights, bias = (torch.from_numpy(x) for x in corrective_basis(rig, motion.inputs[trained], 2, 2))
        views = all_round(targets, motion, 8)
        heights = hair_heights(rig, views)
        splats = first_splats(rig, views, heights, 3000, len(bias), seed)
        engine, state = NativeEngine(torch.from_numpy(rig.faces)), fresh_state(splats, motion)
        reach = torch.from_numpy(free_reach(rig, heights, schedule.far, schedule.clothes))
        square = torch.ones(len(rig.faces))
        return Trainer(engine, schedule, motion, weights, bias, targets, state, reach, square, 4000, seed, move_rig)

    return make

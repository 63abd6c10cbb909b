"""What lies in a mouth learns while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.training.mouth_gate import OPEN, WITHIN, MouthGate
from splatavatar.bake.training.trainer import Trainer
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.rig import Rig

Sample = tuple[Rig, RigParameters, list[Target], list[Target]]
CPU = torch.device("cpu")


def posed(rig: Rig, **coefficients: float) -> torch.Tensor:
    vertices = rig.template.copy()
    for name, value in coefficients.items():
        vertices += value * rig.expression_basis[rig.expression_names.index(name)]
    return torch.from_numpy(vertices)


def inside(rig: Rig) -> torch.Tensor:
    mask = torch.zeros(len(rig.faces), dtype=torch.bool)
    for region in WITHIN:
        mask[torch.from_numpy(rig.regions[region]).long()] = True
    return mask


def test_an_open_mouth_learns_and_a_closed_one_does_not(sample: Sample) -> None:
    rig = sample[0]
    gate, mask = MouthGate.of(rig, CPU), inside(rig)
    wide = gate.learning(posed(rig, jawOpen=0.5)[None])
    assert bool(wide.all())
    closed = gate.learning(posed(rig)[None])
    assert not bool(closed[mask].any()) and bool(closed[~mask].all())


def test_one_open_mouth_among_the_pictures_of_a_step_is_enough(sample: Sample) -> None:
    rig = sample[0]
    both = torch.stack([posed(rig), posed(rig, jawOpen=0.5)])
    assert bool(MouthGate.of(rig, CPU).learning(both).all())


def test_a_rig_whose_lips_are_not_known_always_learns(sample: Sample) -> None:
    bare = replace(sample[0], landmarks={})
    assert bool(MouthGate.of(bare, CPU).learning(posed(bare)[None]).all())


def test_what_lies_in_a_mouth_that_stays_closed_stays_as_it_is(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    trainer.mouth = replace(trainer.mouth, weight=0 * trainer.mouth.weight)  # lips that are never OPEN apart
    assert OPEN > 0
    mine = inside(trainer.motion.rig)[trainer.state.splats.face.long()]
    before, others = trainer.state.splats.colour[mine].clone(), trainer.state.splats.colour[~mine].clone()
    trainer.state.rounds = trainer.schedule.densify_rounds
    for step in range(10):
        trainer.step(step / 10)
    torch.testing.assert_close(trainer.state.splats.colour[mine], before)
    assert float((trainer.state.splats.colour[~mine] - others).abs().max()) > 0.01

"""The optimiser on real pictures: it learns, it repeats itself to the bit, and it can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.events import Measured
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.training import checkpoint
from splatavatar.bake.training.checkpoint import Checkpoint
from splatavatar.bake.training.trainer import Trainer
from splatavatar.bake.training.watch import mean_psnr
from splatavatar.capture.capture import RigParameters
from splatavatar.errors import SettingsError
from splatavatar.rig.rig import Rig

Sample = tuple[Rig, RigParameters, list[Target], list[Target]]
MakeTrainer = Callable[..., Trainer]


def run(trainer: Trainer, begin: int, end: int, total: int) -> None:
    for i in range(begin, end):
        trainer.step(i / total)


def same(a: Trainer, b: Trainer) -> bool:
    values = zip(vars(a.state.splats).values(), vars(b.state.splats).values(), strict=True)
    return all(torch.equal(x, y) for x, y in values)


def gone_on_with(
    make_trainer: MakeTrainer, out: Path, settings: BakeSettings, move_rig: bool
) -> tuple[Checkpoint, Trainer]:
    """What lies beside ``out``, and a trainer that goes on from it."""
    new = make_trainer(move_rig)
    found = checkpoint.load(out, settings, new.motion, len(new.bias))
    basis, places = (new.weights, new.bias), (new.reach, new.square)
    rest = (*basis, new.targets, found.state, *places, new.gaussians, new.seed, move_rig)
    return found, Trainer(new.engine, new.schedule, new.motion, *rest)


def test_learns_pictures_it_was_not_shown(sample: Sample, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    before = mean_psnr(trainer, sample[3])
    run(trainer, 0, 120, 120)
    assert len(trainer.state.splats) > 3500
    assert mean_psnr(trainer, sample[3]) > max(before + 4, 26)
    assert bool((trainer.state.splats.face.diff() >= 0).all())


def test_same_seed_same_result(make_trainer: MakeTrainer) -> None:
    first, second, other = make_trainer(), make_trainer(), make_trainer(seed=1)
    for trainer in (first, second, other):
        run(trainer, 0, 30, 40)
    assert same(first, second)
    assert not torch.equal(first.state.splats.colour[:1000], other.state.splats.colour[:1000])


def test_pictures_are_drawn_as_often_as_their_mattes_deserve(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    weights = np.linspace(0, 1, len(trainer.targets))
    trainer.targets = [replace(target, weight=w) for target, w in zip(trainer.targets, weights, strict=True)]
    drawn = [trainer._draw(i).weight for i in range(200 * len(weights))]
    counts = np.array([drawn.count(w) for w in weights])
    assert counts[0] == 0
    np.testing.assert_allclose(counts / counts[-1], weights, atol=0.15)


@pytest.mark.parametrize("move_rig", [False, True])
def test_resumed_ends_where_uninterrupted_ends(make_trainer: MakeTrainer, tmp_path: Path, move_rig: bool) -> None:
    whole, broken = make_trainer(move_rig), make_trainer(move_rig)
    run(whole, 0, 40, 40)
    run(broken, 0, 23, 40)
    out, settings = tmp_path / "a.splatavatar", BakeSettings(tmp_path, iterations=40)
    curve = [Measured(1.0, 0.5, 0.1, 20.0)]
    checkpoint.save(out, settings, Checkpoint(broken.state, 12.5, 2.5, curve), broken.motion)
    found, again = gone_on_with(make_trainer, out, settings, move_rig)
    assert (found.elapsed, found.prepared, found.curve, found.state.iteration) == (12.5, 2.5, curve, 23)
    run(again, 23, 40, 40)
    assert same(whole, again)
    assert torch.equal(whole.motion.expression, again.motion.expression)
    assert torch.equal(whole.motion.template_offset, again.motion.template_offset)


def test_resumed_between_two_measurements_of_a_rig_that_moves(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    whole, out, settings = make_trainer(True), tmp_path / "a.splatavatar", BakeSettings(tmp_path, iterations=40)
    run(whole, 0, 3, 40)
    whole.motion.template_offset += torch.from_numpy(whole.motion.rig.template)  # twice as large as it was measured
    whole.motion.forget_poses()
    checkpoint.save(out, settings, Checkpoint(whole.state, 1.0, 0.5, []), whole.motion)
    _, again = gone_on_with(make_trainer, out, settings, True)
    assert again.mean_loss == whole.mean_loss > 0.01
    for trainer in (whole, again):
        run(trainer, 3, 5, 40)
    assert same(whole, again)
    assert again.mean_loss == whole.mean_loss


def test_rig_parameters_recover_from_a_wrong_start(sample: Sample, make_trainer: MakeTrainer) -> None:
    truth = make_trainer().motion.joint_rotations.clone()
    trainer = make_trainer(move_rig=True)
    run(trainer, 0, 100, 400)
    neck = trainer.motion.rig.joint_names.index("head")
    trainer.motion.joint_rotations[:, neck, 1] += 0.05
    trainer.motion.forget_poses()
    seen = sorted({t.timestep for t in sample[2]})

    def error() -> float:
        return float((trainer.motion.joint_rotations - truth)[seen].sum(1)[:, 1].abs().mean())

    before = error()
    rates = {**trainer.schedule.rig_rates, "joint_rotations": 2e-3}
    trainer.schedule = replace(trainer.schedule, rig_every=1, rig_rates=rates)
    run(trainer, 100, 250, 400)
    assert error() < 0.6 * before


def test_a_fixed_rig_stays(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(move_rig=False)
    start = trainer.motion.expression.clone()
    run(trainer, 0, 40, 40)
    assert torch.equal(trainer.motion.expression, start) and not trainer.motion.template_offset.any()


def test_messages_of_resume(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer, out, settings = make_trainer(), tmp_path / "a.splatavatar", BakeSettings(tmp_path, iterations=40)
    file = f"{out}.checkpoint"
    with pytest.raises(SettingsError) as missing:
        checkpoint.load(out, settings, trainer.motion, len(trainer.bias))
    assert str(missing.value) == f"nothing to resume: {file} does not exist; bake anew, without resuming"
    checkpoint.save(out, settings, Checkpoint(trainer.state, 0.0, 0.0, []), trainer.motion)
    with pytest.raises(SettingsError) as other:
        checkpoint.load(out, replace(settings, seed=3), trainer.motion, len(trainer.bias))
    assert str(other.value) == f"{file} is of a bake with seed 0, this one asks for 3; they must agree to resume"
    data = np.frombuffer(Path(file).read_bytes(), np.uint8)
    Path(file).write_bytes(data[:5000].tobytes())
    with pytest.raises(SettingsError) as damaged:
        checkpoint.load(out, settings, trainer.motion, len(trainer.bias))
    assert str(damaged.value) == f"{file} is damaged and cannot be resumed; bake anew, without resuming"


def test_what_lies_in_a_mouth_is_split_before_the_rest(make_trainer: MakeTrainer) -> None:
    shares = []
    for wants in (1.0, 4.0):
        trainer = make_trainer()
        trainer.schedule = replace(trainer.schedule, mouth_wants=wants)
        # As much everywhere, but for the mouth, which a picture shows half as much of.
        inside = trainer.mouth.within[trainer.state.splats.face.long()]
        trainer.state.motion_sum[:] = torch.where(inside, 0.5, 1.0)
        trainer.state.motion_steps[:], trainer.state.seen[:] = 1, 1.0
        trainer.state.rounds = trainer.schedule.densify_rounds - 1
        trainer._densify()
        after = trainer.mouth.within[trainer.state.splats.face.long()]
        shares.append(int(after.sum()) / int(inside.sum()))
    assert shares[0] <= 1.0 and shares[1] == 2.0

"""Gaussians that no picture asked for, while the others learn; and the moments of Adam, whose Gaussian they are."""

from __future__ import annotations

from collections.abc import Callable

import torch

from splatavatar.bake.training.trainer import Trainer


def test_moments_stay_with_their_gaussians_when_some_are_split(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    state = trainer.state
    mark = torch.arange(len(state.splats), dtype=torch.float32)
    state.splats.logit.copy_(mark / len(mark))
    for moments in (state.moments.first, state.moments.second):
        moments.logit.copy_(mark / len(mark))
    state.seen.fill_(1.0)
    state.motion_sum.copy_(mark % 7)
    state.motion_steps.fill_(1.0)
    state.rounds = trainer.schedule.densify_rounds - 1  # which splits up to the whole number
    trainer._densify()
    after = trainer.state
    assert len(after.splats) > len(mark)
    for moments in (after.moments.first, after.moments.second):
        assert torch.equal(moments.face, after.splats.face)
        own = torch.isclose(moments.logit, after.splats.logit)
        # Children have another opacity than their parent, and its moments.
        children = 2 * (len(after.splats) - len(mark))
        assert int((~own).sum()) <= children < len(mark)
        lone = torch.isin(after.splats.logit, mark / len(mark))
        assert bool(own[lone].all())


def test_what_was_made_keeps_its_colour_and_is_neither_split_nor_taken_away(
    make_trainer: Callable[..., Trainer],
) -> None:
    trainer = make_trainer()
    state = trainer.state
    state.made[::3] = 1
    tag = torch.linspace(0.2, 0.8, int(state.made.sum()))
    state.splats.colour[state.made > 0] = tag[:, None].repeat(1, 3)
    count = len(tag)
    for step in range(40):
        trainer.step(step / 40)
    assert state.rounds > 0
    made = state.made > 0
    assert int(made.sum()) == count
    torch.testing.assert_close(state.splats.colour[made], tag[:, None].repeat(1, 3))
    assert float((state.splats.colour[~made] - 0.5).abs().max()) > 0.1


def test_a_gaussian_is_measured_by_its_triangle_as_it_stands_now(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    motion, state, big = trainer.motion, trainer.state, trainer.schedule.big
    before = trainer._size.clone()
    motion.template_offset += 2 * torch.from_numpy(motion.rig.template)
    motion.forget_poses()
    state.rounds, state.iteration = trainer.schedule.densify_rounds, trainer.schedule.measure_every
    state.splats.log_scale.fill_(0.0)
    trainer.step(0.5)
    torch.testing.assert_close(trainer._size, 3 * before)
    assert float((state.splats.log_scale.exp() * 3 * before).max()) < big * 1.001


def test_what_never_learns_stays_as_it_is(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    state = trainer.state
    state.made[::5] = 2
    before = state.splats.rows(torch.nonzero(state.made == 2).flatten())
    for step in range(40):
        trainer.step(step / 40)
    assert state.rounds > 0
    after = state.splats.rows(torch.nonzero(state.made == 2).flatten())
    for name, value in before.parameters.items():
        torch.testing.assert_close(after.parameters[name], value, msg=name)
    learnt = torch.nonzero(state.made == 0).flatten()
    assert float((state.splats.logit[learnt] - 0.0).abs().max()) > 0.1

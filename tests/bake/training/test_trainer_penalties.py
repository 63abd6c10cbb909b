"""What a trainer asks of the Gaussians beside the pictures: each penalty against its own formula, differentiated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from splatavatar.bake.engines.engine import Gradients
from splatavatar.bake.engines.splats import PARAMETERS
from splatavatar.bake.training.schedule import Schedule
from splatavatar.bake.training.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
OFF = {"far_weight": 0.0, "thick_weight": 0.0, "calm_weight": 0.0, "calm_skin": 0.0, "opaque_weight": 0.0}


@pytest.fixture
def trainer(make_trainer: MakeTrainer) -> Trainer:
    """With Gaussians of every size, turn, place and opacity."""
    out = make_trainer()
    splats, random = out.state.splats, torch.Generator().manual_seed(0)
    n = len(splats)
    splats.position += 2.0 * torch.randn(n, 3, generator=random)
    splats.log_scale += torch.randn(n, 3, generator=random)
    splats.rotation += torch.randn(n, 4, generator=random)
    splats.logit += torch.randn(n, generator=random)
    splats.colour += 0.2 * torch.randn(n, 3, generator=random)
    return out


def penalise(trainer: Trainer, **changes: Any) -> dict[str, Tensor]:
    """The gradients that the penalties alone give, with the monocular schedule but for ``changes``."""
    trainer.schedule = replace(Schedule.monocular(0.1), **{**OFF, **changes})
    splats = trainer.state.splats
    zeros = {name: torch.zeros_like(getattr(splats, name)) for name in PARAMETERS}
    n = len(splats)
    none = torch.zeros(n)
    gradients = Gradients(zeros, torch.zeros(0, n, 6), None, none, none, none, torch.zeros(3))
    trainer._regularise(gradients)
    return gradients.parameters


def only(gradients: dict[str, Tensor], name: str) -> Tensor:
    for other in PARAMETERS:
        assert bool(gradients[other].any()) == (other == name)
    return gradients[name]


def by_autograd(value: Tensor, penalty: Callable[[Tensor], Tensor]) -> Tensor:
    leaf = value.double().requires_grad_()
    (gradient,) = torch.autograd.grad(penalty(leaf), leaf)
    return gradient.float()


def test_far_from_the_triangle(trainer: Trainer) -> None:
    """Metres beyond the reach, where a way along the normal counts more; mean over all."""
    face, size = trainer.state.splats.face.long(), trainer._size[:, 0].double()

    def penalty(position: Tensor) -> Tensor:
        distance = (position * torch.tensor([1.0, 3.0, 1.0]) * size[:, None]).norm(dim=1)
        return 30.0 * (distance - trainer.reach[face]).clamp(min=0).mean()

    expected = by_autograd(trainer.state.splats.position, penalty)
    found = only(penalise(trainer, far_weight=30.0), "position")
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-9)
    assert 0.05 < (expected.abs().sum(1) > 0).float().mean() < 0.95


def test_hair_has_more_room(trainer: Trainer) -> None:
    before = (penalise(trainer, far_weight=30.0)["position"].abs().sum(1) > 0).sum()
    trainer.reach = trainer.reach + 0.02
    assert (penalise(trainer, far_weight=30.0)["position"].abs().sum(1) > 0).sum() < before


def test_thick_along_the_normal(trainer: Trainer) -> None:
    """Metres of standard deviation beyond the limit: the root of n' R S S' R' n with n the second axis."""
    from scipy.spatial.transform import Rotation

    splats = trainer.state.splats
    turn = Rotation.from_quat(splats.rotation.double().numpy()[:, [1, 2, 3, 0]]).as_matrix()
    normal = torch.from_numpy(turn[:, 1])
    limit = 0.001 + (trainer.reach[splats.face.long()].double() - Schedule.monocular(0.1).far) / 3

    def penalty(log_scale: Tensor) -> Tensor:
        thick = (normal * log_scale.exp() * trainer._size.double()).norm(dim=1)
        return 30.0 * (thick - limit).clamp(min=0).mean()

    expected = by_autograd(splats.log_scale, penalty)
    found = only(penalise(trainer, thick_weight=30.0), "log_scale")
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=1e-9)
    assert 0.05 < (expected.abs().sum(1) > 0).float().mean() < 0.95


def test_transparent_skin(trainer: Trainer) -> None:
    splats = trainer.state.splats
    skin = np.isin(splats.face.numpy(), trainer.motion.rig.regions["skin"])

    def penalty(logit: Tensor) -> Tensor:
        return 0.01 * ((1 - torch.sigmoid(logit)) * torch.from_numpy(skin)).mean()

    found = only(penalise(trainer, opaque_weight=0.01), "logit")
    torch.testing.assert_close(found, by_autograd(splats.logit, penalty), rtol=1e-3, atol=1e-10)
    assert not found[torch.from_numpy(~skin)].any() and (~skin).any()


def calm(trainer: Trainer, grazed: Tensor) -> Tensor:
    """The gradient of the colours where ``grazed`` (F) of the surface is seen by grazing views alone."""
    trainer._grazed = grazed
    trainer.state.iteration = 100
    return only(penalise(trainer, calm_weight=3.0), "colour")


def test_calm_colours_where_only_grazing_views_looked(trainer: Trainer) -> None:
    state = trainer.state
    state.seen[:] = 1e6  # none is buried
    F = len(trainer.motion.rig.faces)
    grazed = torch.zeros(F)
    grazed[: F // 2] = 1.0
    found = calm(trainer, grazed)
    doubtful = grazed[state.splats.face.long()] > 0
    assert not found[~doubtful].any()
    # A step down makes patches more even, and moves nothing where all is even.
    patch = trainer._patch[state.splats.face.long()]
    before = spread(state.splats.colour, patch, doubtful)
    state.splats.colour -= len(state.splats) / 3.0 * found
    assert spread(state.splats.colour, patch, doubtful) < 0.1 * before
    state.splats.colour[:] = 0.4
    trainer._grazed = grazed
    assert penalise(trainer, calm_weight=3.0)["colour"].abs().max() < 1e-7


def test_skin_is_calmed_a_little_wherever_it_was_seen_from(trainer: Trainer) -> None:
    state, squarely = trainer.state, torch.zeros(len(trainer.motion.rig.faces))
    state.seen[:] = 1e6
    trainer._grazed, state.iteration = squarely, 100
    found = only(penalise(trainer, calm_weight=3.0, calm_skin=0.25), "colour")
    skin = torch.from_numpy(np.isin(state.splats.face.numpy(), trainer.motion.rig.regions["skin"]))
    assert found[skin].any() and not found[~skin].any()
    state.seen[:] = 0.0  # all of it is doubtful, none more than another
    torch.testing.assert_close(4 * found[skin], calm(trainer, squarely)[skin], rtol=1e-3, atol=1e-9)


def spread(colour: Tensor, patch: Tensor, rows: Tensor) -> float:
    """Mean squared distance from the mean of the own patch, of patches that lie in ``rows`` entirely."""
    total, few = 0.0, 0
    for number in patch[rows].unique()[:200]:
        inside = patch == number
        if inside.sum() > 1 and rows[inside].all():
            total += float(colour[inside].var(0).mean())
            few += 1
    assert few > 20
    return total / few


def test_what_is_well_seen_says_what_the_colour_is(trainer: Trainer) -> None:
    """Two Gaussians in one patch: the doubtful one goes to the other, which stays."""
    state = trainer.state
    state.seen[:] = 1e6
    patch = trainer._patch[state.splats.face.long()]
    counts = torch.bincount(patch)
    number = int(torch.nonzero(counts == 2)[0])
    a, b = torch.nonzero(patch == number)[:, 0].tolist()
    face = state.splats.face.long()
    if int(face[a]) == int(face[b]):
        pytest.skip("both on one triangle")
    state.splats.logit[[a, b]] = 2.0
    state.splats.colour[a], state.splats.colour[b] = torch.tensor([0.8, 0.6, 0.5]), torch.tensor([0.0, 1.0, 0.0])
    grazed = torch.zeros(len(trainer.motion.rig.faces))
    grazed[face[b]] = 1.0
    found = calm(trainer, grazed)
    assert not found[a].any()
    direction = -found[b] / found[b].norm()
    wanted = torch.tensor([0.8, -0.4, 0.5])
    assert float(direction @ (wanted / wanted.norm())) > 0.999


def test_buried_gaussians_are_calmed_too(trainer: Trainer) -> None:
    state, buried = trainer.state, Schedule.monocular(0.1).buried
    state.seen[:] = 1e6
    state.seen[::3] = 0.0
    state.seen[1::3] = 5 * buried * 100
    found = calm(trainer, torch.zeros(len(trainer.motion.rig.faces))).norm(dim=1)
    assert found[::3].mean() > found[1::3].mean() > 0 == found[2::3].max()


def test_penalties_of_a_capture_from_all_sides_are_few(trainer: Trainer) -> None:
    """Gaussians may not leave their triangle by much; thickness, colour and opacity are for the pictures to say."""
    schedule = Schedule()
    assert (schedule.thick_weight, schedule.calm_weight, schedule.opaque_weight) == (0, 0, 0)
    only(penalise(trainer, far_weight=schedule.far_weight, normal_factor=1.0), "position")


def test_no_gaussian_grows_larger_than_allowed(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    trainer.schedule = replace(trainer.schedule, big=0.002, big_bare=0.001)
    trainer.state.splats.log_scale += 2.0
    trainer._measure()
    trainer.step(0.0)
    largest = (trainer.state.splats.log_scale.exp() * trainer._size).amax(1)
    bare = trainer.reach[trainer.state.splats.face.long()] <= trainer.schedule.far
    assert 0.001 * 0.99 <= float(largest[bare].max()) <= 0.001 * 1.001
    assert 0.002 * 0.99 <= float(largest[~bare].max()) <= 0.002 * 1.001


def test_what_faces_away_does_not_learn_but_ears_do(make_trainer: MakeTrainer) -> None:
    base = make_trainer()
    square = torch.ones(len(base.motion.rig.faces))
    square[::2] = -0.5
    trainer = Trainer(
        base.engine,
        Schedule.monocular(0.1),
        base.motion,
        base.weights,
        base.bias,
        base.targets,
        base.state,
        base.reach,
        square,
        base.gaussians,
        0,
        False,
    )
    colour, face = trainer.state.splats.colour.clone(), trainer.state.splats.face.numpy()
    for i in range(3):
        trainer.step(i / 100)
    changed = (trainer.state.splats.colour != colour).any(1).numpy()
    ears = np.isin(face, trainer.motion.rig.regions["ears"])
    away = (face % 2 == 0) & ~ears
    assert not changed[away].any()
    assert changed[~away & ~ears].any() and changed[ears & (face % 2 == 0)].any()


def test_buried_gaussians_go(make_trainer: MakeTrainer) -> None:
    """But for the strongest of each triangle, and for those that do not learn: of them nothing is known."""
    trainer = make_trainer()
    state = trainer.state
    trainer.schedule = Schedule.monocular(0.1)
    state.iteration = 10 * len(trainer.targets)
    splats, even = state.splats, len(state.splats) // 2 * 2
    splats.face[1:even:2] = splats.face[0:even:2]
    splats.logit[:], splats.logit[1::2] = 1.0, 0.5
    limit = trainer.schedule.buried * state.iteration
    state.seen[:] = 2 * limit
    strong, weak, unlearning, shown = (slice(i, i + 400, 20) for i in (0, 603, 1207, 1811))
    for mark, rows in enumerate((strong, weak, unlearning, shown)):
        splats.colour[rows] = 10.0 + mark
    for rows in (strong, weak, unlearning):
        state.seen[rows] = 0.5 * limit
    trainer.learning[splats.face[unlearning].long()] = 0
    trainer._densify()
    # A parent leaves its colour to both children.
    left = [int((state.splats.colour[:, 0] == 10.0 + mark).sum()) for mark in range(4)]
    assert left[1] == 0 and min(left[0], left[2], left[3]) >= 20


def test_no_gaussian_leaves_its_tether(trainer: Trainer) -> None:
    splats = trainer.state.splats
    trainer.schedule = replace(trainer.schedule, tether=0.004, tether_bare=0.001)
    trainer._measure()
    reach = trainer.reach[splats.face.long()]
    farthest = reach + torch.where(reach <= trainer.schedule.far, 0.001, 0.004)
    before = splats.position.norm(dim=1) * trainer._size[:, 0]
    assert bool((before > farthest + 0.01).any())
    trainer.step(0.0)
    splats = trainer.state.splats
    away = splats.position.norm(dim=1) * trainer._size[:, 0]
    assert bool((away <= farthest * 1.0001).all())
    near = before < farthest - 0.002
    torch.testing.assert_close(away[near], before[near], atol=1e-3, rtol=0)


def test_what_never_learns_stays_beyond_a_tether(trainer: Trainer) -> None:
    state = trainer.state
    trainer.schedule = replace(trainer.schedule, tether=0.004, tether_bare=0.001)
    state.made[::50] = 2
    state.splats.position[::50] += 20.0
    before = state.splats.position[::50].clone()
    trainer._measure()
    trainer.step(0.0)
    torch.testing.assert_close(state.splats.position[::50], before, atol=0, rtol=0)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.capture import read_capture
from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def head(request: pytest.FixtureRequest) -> tuple[Rig, RigParameters]:
    """Rig and parameters of the sample capture."""
    parameters = read_capture(Path(__file__).parents[3] / "data" / "sample-capture").rig_parameters
    assert parameters is not None
    return load_rig("anny-head", parameters.identity), parameters


def test_names_that_the_rig_does_not_have(head: tuple[Rig, RigParameters]) -> None:
    rig, parameters = head
    wrong = replace(parameters, expression_names=("smirk", *parameters.expression_names[1:]))
    with pytest.raises(RigError) as expression:
        RigMotion(rig, wrong)
    assert str(expression.value) == "the rig parameters hold an expression 'smirk', which anny-head does not have"
    wrong = replace(parameters, joint_rotations={"tail": parameters.joint_rotations["head"]})
    with pytest.raises(RigError) as joint:
        RigMotion(rig, wrong)
    assert str(joint.value) == "the rig parameters turn a joint 'tail', which anny-head does not have"


@pytest.mark.shared
def test_vertices_are_those_of_the_capture(subject_a: Path) -> None:
    parameters = read_capture(subject_a).rig_parameters
    assert parameters is not None
    motion = RigMotion(load_rig("anny-head", parameters.identity), parameters)
    with np.load(subject_a / "rig_params.npz") as archive:
        truth = np.stack([archive["vertices"][..., 0], archive["vertices"][..., 2], -archive["vertices"][..., 1]], -1)
    assert len(truth) == len(parameters.expression)
    for timestep, vertices in enumerate(truth):
        # The rig has teeth behind the vertices of the body model.
        np.testing.assert_allclose(motion.vertices(timestep)[: len(vertices)], vertices, atol=5e-5, rtol=0)


def test_vertices_are_kept_until_the_rig_moves(head: tuple[Rig, RigParameters]) -> None:
    motion = RigMotion(*head)
    before = motion.vertices(3)
    motion.template_offset += 0.25
    assert torch.equal(motion.vertices(3), before)
    motion.forget_poses()
    turned = motion.vertices(3) - before  # the offset of the template turns with the head
    torch.testing.assert_close(turned.norm(dim=1), torch.full((len(turned),), 0.25 * 3**0.5), atol=1e-3, rtol=0)


def test_timesteps_together_and_again(head: tuple[Rig, RigParameters]) -> None:
    motion = RigMotion(*head)
    together = motion.posed([5, 2, 5])
    assert together.shape[0] == 3 and torch.equal(together[0], together[2])
    assert torch.equal(together[1], motion.vertices(2)) and not torch.equal(together[0], together[1])


def test_leaves_give_the_same_vertices_and_take_gradients(head: tuple[Rig, RigParameters]) -> None:
    motion = RigMotion(*head)
    leaves, vertices = motion.leaves(torch.tensor([7, 2]))
    torch.testing.assert_close(vertices.detach(), torch.stack([motion.vertices(7), motion.vertices(2)]))
    vertices.square().sum().backward()  # type: ignore[no-untyped-call]
    assert all(leaf.grad is not None and bool(leaf.grad.any()) for leaf in leaves.values())
    assert not motion.expression.requires_grad


def test_psi_is_linear_and_cut(head: tuple[Rig, RigParameters]) -> None:
    motion = RigMotion(*head)
    timesteps, inputs = motion.inputs.shape
    assert inputs == head[0].corrective_inputs
    weights, bias = torch.zeros(2, inputs), torch.tensor([0.5, -100.0])
    name = head[1].expression_names[int(np.abs(head[1].expression).sum(0).argmax())]
    weights[0, head[0].expression_names.index(name)] = 2.0
    psi = motion.psi(weights, bias)
    assert psi.shape == (timesteps, 2)
    column = head[1].expression[:, head[1].expression_names.index(name)]
    np.testing.assert_allclose(psi[:, 0], np.clip(2 * column + 0.5, -PSI_LIMIT, PSI_LIMIT), rtol=1e-6)
    assert (psi[:, 1] == -PSI_LIMIT).all()

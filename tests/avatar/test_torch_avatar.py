from __future__ import annotations

import numpy as np
import pytest
import torch

import splatavatar as sa
from splatavatar.gaussians.binding import corrected, to_world
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy


@pytest.fixture(scope="module")
def avatar() -> sa.Avatar:
    return sa.load_avatar("demo")


def parameters(avatar: sa.Avatar) -> sa.PoseParameters:
    rng = np.random.default_rng(0)
    neutral = sa.PoseParameters.neutral(avatar.rig)
    expression = rng.uniform(0, 0.6, neutral.expression.shape).astype(np.float32)
    turns = rng.normal(0, 0.1, neutral.joint_rotations.shape).astype(np.float32)
    return sa.PoseParameters(expression, turns, np.array([0.01, 0.02, -0.01], np.float32))


def test_it_is_where_the_numpy_definition_has_it(avatar: sa.Avatar) -> None:
    pose, eye = parameters(avatar), np.array([0.1, 0.2, 0.8])
    vertices = pose_numpy(avatar.rig, pose)
    inputs = np.concatenate([pose.expression, pose.joint_rotations.ravel()])
    bound = corrected(avatar.gaussians, avatar.correctives, inputs)
    wanted = to_world(bound, vertices, avatar.rig.faces, eye)
    tensors = sa.tensor_avatar(avatar, torch.float64)
    expression, turns, translation = (
        torch.from_numpy(values).double() for values in (pose.expression, pose.joint_rotations, pose.translation)
    )
    posed = sa.pose(tensors.rig, expression, turns, translation)
    found = sa.bind(tensors, posed, expression, turns, torch.from_numpy(eye))
    np.testing.assert_allclose(posed, vertices, atol=1e-6)
    for field in ("mean", "scale", "opacity", "colour"):
        np.testing.assert_allclose(getattr(found, field), getattr(wanted, field), atol=2e-5)
    alike = np.abs((torch.nn.functional.normalize(found.rotation, dim=1).numpy() * wanted.rotation).sum(1))
    np.testing.assert_allclose(alike, 1, atol=1e-5)
    plain = sa.bind(tensors, posed, expression, turns)
    np.testing.assert_allclose(plain.colour, bound.colour, atol=1e-5)


def test_a_picture_says_which_way_the_jaw_goes(avatar: sa.Avatar) -> None:
    """From a picture of an open mouth, the gradient opens the mouth."""
    tensors, camera = sa.tensor_avatar(avatar), sa.default_camera(avatar, 96, 96)
    names = list(avatar.rig.expression_names)
    assert names[INDEX["jawOpen"]] == "jawOpen"
    turns, still = torch.zeros(len(avatar.rig.joints), 3), torch.zeros(3)

    def picture(jaw: torch.Tensor) -> torch.Tensor:
        expression = torch.zeros(len(names)).index_put((torch.tensor(INDEX["jawOpen"]),), jaw)
        vertices = sa.pose(tensors.rig, expression, turns, still)
        eye = torch.as_tensor(camera.position, dtype=torch.float32)
        return sa.rasterize(sa.bind(tensors, vertices, expression, turns, eye), camera).colour

    truth = picture(torch.tensor(0.5)).detach()
    jaw = torch.tensor(0.3, requires_grad=True)
    loss = (picture(jaw) - truth).square().mean()
    loss.backward()
    assert jaw.grad is not None and jaw.grad < 0
    with torch.no_grad():
        assert (picture(torch.tensor(0.4)) - truth).square().mean() < loss

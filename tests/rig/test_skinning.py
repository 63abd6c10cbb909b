from dataclasses import replace

import numpy as np
import torch

from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.rig.skinning import pose, tensor_rig
from splatavatar.torch_rotations import rotation_matrices

torch.set_num_threads(1)


def random_parameters(rig, seed=0):
    random = np.random.default_rng(seed)
    return PoseParameters(
        random.random(len(rig.expression_names)).astype(np.float32),
        random.normal(0, 0.5, (len(rig.joint_names), 3)).astype(np.float32),
        random.normal(size=3).astype(np.float32),
    )


def as_tensors(parameters, dtype):
    return tuple(
        torch.as_tensor(array, dtype=dtype)
        for array in (parameters.expression, parameters.joint_rotations, parameters.translation)
    )


def test_agrees_with_numpy(small_rig):
    for dtype in (torch.float32, torch.float64):
        rig = tensor_rig(small_rig, dtype)
        for seed in range(5):
            parameters = random_parameters(small_rig, seed)
            posed = pose(rig, *as_tensors(parameters, dtype))
            assert posed.dtype == dtype
            np.testing.assert_allclose(posed.numpy(), pose_numpy(small_rig, parameters), rtol=1e-6, atol=2e-6)


def test_pose_correctives_and_moving_joints_agree_with_numpy_and_have_gradients(small_rig):
    turned = np.random.default_rng(5).normal(0, 0.1, (27, 7, 3)).astype(np.float32)
    moved = np.random.default_rng(6).normal(0, 0.1, (5, 4, 3)).astype(np.float32)
    corrected = replace(small_rig, pose_basis=turned, joint_expression_basis=moved)
    rig = tensor_rig(corrected, torch.float64)
    inputs = as_tensors(random_parameters(corrected), torch.float64)
    posed = pose(rig, *inputs)
    np.testing.assert_allclose(posed, pose_numpy(corrected, random_parameters(corrected)), atol=2e-6)
    assert np.abs(posed - pose(tensor_rig(small_rig, torch.float64), *inputs)).max() > 0.05
    assert torch.autograd.gradcheck(lambda *tensors: pose(rig, *tensors), [t.requires_grad_() for t in inputs])


def test_gradients_of_every_parameter(small_rig):
    rig = tensor_rig(small_rig, torch.float64)
    inputs = [*as_tensors(random_parameters(small_rig), torch.float64), torch.randn(3, dtype=torch.float64)]
    assert torch.autograd.gradcheck(lambda *tensors: pose(rig, *tensors), [t.requires_grad_() for t in inputs])


def test_gradients_at_rest(small_rig):
    rig = tensor_rig(small_rig, torch.float64)
    inputs = [torch.zeros(5), torch.zeros(4, 3), torch.zeros(3), torch.zeros(3)]
    inputs = [tensor.double().requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(lambda *tensors: pose(rig, *tensors), inputs)


def test_gradients_of_the_rig_itself(small_rig):
    parameters = as_tensors(random_parameters(small_rig), torch.float64)

    def posed(template, weights, joints):
        rig = tensor_rig(small_rig, torch.float64)
        rig.template, rig.skin_weights, rig.joints = template, weights, joints
        return pose(rig, *parameters)

    rig = tensor_rig(small_rig, torch.float64)
    inputs = [tensor.clone().requires_grad_() for tensor in (rig.template, rig.skin_weights, rig.joints)]
    assert torch.autograd.gradcheck(posed, inputs)


def test_rotation_is_continuous_where_the_series_takes_over():
    direction = torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64)
    for angle in (0.999e-3, 1.001e-3, 1e-12):
        vector = direction * angle
        x, y, z = vector
        cross = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
        exact = torch.matrix_exp(cross)
        torch.testing.assert_close(rotation_matrices(vector), exact, rtol=0, atol=1e-14)


def test_leading_dimensions_are_a_batch(small_rig):
    rig = tensor_rig(small_rig, torch.float64)
    frames = [as_tensors(random_parameters(small_rig, seed), torch.float64) for seed in range(3)]
    together = pose(rig, *(torch.stack(tensors) for tensors in zip(*frames, strict=True)))
    for posed, frame in zip(together, frames, strict=True):
        torch.testing.assert_close(posed, pose(rig, *frame))


def test_identity_moves_vertices_and_joints(small_rig):
    rig = tensor_rig(small_rig, torch.float64)
    expression, rotations, translation = as_tensors(random_parameters(small_rig), torch.float64)
    identity = torch.tensor([0.2, -0.4, 1.0], dtype=torch.float64)
    folded = tensor_rig(small_rig, torch.float64)
    folded.template = rig.template + torch.tensordot(identity, rig.identity_basis, 1)
    folded.joints = rig.joints + torch.tensordot(identity, rig.joint_identity_basis, 1)
    expected = pose(folded, expression, rotations, translation)
    torch.testing.assert_close(pose(rig, expression, rotations, translation, identity), expected)

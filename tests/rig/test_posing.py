from dataclasses import replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from splatavatar.rig import skinning
from splatavatar.rig.posing import joint_transforms, pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.rotations import rotation_matrices


def test_neutral_is_the_template(small_rig):
    posed = pose_numpy(small_rig, PoseParameters.neutral(small_rig))
    np.testing.assert_allclose(posed, small_rig.template, atol=1e-6)


def test_rotation_matrices_agree_with_scipy():
    vectors = np.random.default_rng(1).normal(size=(50, 3)) * 2
    vectors[0], vectors[1] = 0, [1e-9, 0, 0]
    np.testing.assert_allclose(rotation_matrices(vectors), Rotation.from_rotvec(vectors).as_matrix(), atol=1e-12)


def test_root_rotation_turns_everything_about_the_root_joint(small_rig):
    parameters = PoseParameters.neutral(small_rig)
    parameters.joint_rotations[0] = [0.3, -0.8, 0.4]
    parameters.translation[:] = [1, 2, 3]
    turn = Rotation.from_rotvec([0.3, -0.8, 0.4])
    expected = turn.apply(small_rig.template - small_rig.joints[0]) + small_rig.joints[0] + [1, 2, 3]
    np.testing.assert_allclose(pose_numpy(small_rig, parameters), expected, atol=1e-6)


def test_a_rotation_leaves_its_own_joint_and_the_joints_above_in_place(small_rig):
    rotations = np.zeros((4, 3), np.float32)
    rotations[1] = [0.5, 0.1, -0.7]
    turn, shift = (
        of_poses[0] for of_poses in joint_transforms(small_rig, rotations[None], np.zeros((1, 5), np.float32))
    )
    moved = np.einsum("jik,jk->ji", turn, small_rig.joints) + shift
    np.testing.assert_allclose(moved[:2], small_rig.joints[:2], atol=1e-6)
    np.testing.assert_allclose(turn[2], turn[1])
    np.testing.assert_allclose(turn[0], np.eye(3))
    assert np.linalg.norm(moved[2] - small_rig.joints[2]) > 0.1


def test_expression_is_added_before_the_rotation(small_rig):
    parameters = PoseParameters.neutral(small_rig)
    parameters.expression[2] = 0.5
    parameters.joint_rotations[0] = [0, np.pi / 2, 0]
    shaped = small_rig.template + 0.5 * small_rig.expression_basis[2] - small_rig.joints[0]
    expected = np.stack([shaped[:, 2], shaped[:, 1], -shaped[:, 0]], 1) + small_rig.joints[0]
    np.testing.assert_allclose(pose_numpy(small_rig, parameters), expected, atol=1e-6)


def test_pose_correctives_weigh_the_entries_of_the_turn_less_one(small_rig):
    basis = np.zeros((27, 7, 3), np.float32)
    basis[9 * 2 + 3 * 0 + 1, 4] = [0, 0, 0.5]  # first row, second column of the turn of the last joint
    basis[9 * 0 + 3 * 2 + 2, 1] = [0.25, 0, 0]  # last entry of the turn of the first joint after the root
    rig = replace(small_rig, pose_basis=basis, skin_weights=np.tile(np.float32([1, 0, 0, 0]), (7, 1)))
    rig = replace(rig, skin_joints=np.zeros((7, 4), np.int32))  # nothing follows the joints that turn
    parameters = PoseParameters.neutral(rig)
    parameters.joint_rotations[3] = [0, 0, 0.6]
    parameters.joint_rotations[1] = [0.8, 0, 0]
    moved = pose_numpy(rig, parameters) - rig.template
    expected = np.zeros((7, 3))
    expected[4, 2], expected[1, 0] = -0.5 * np.sin(0.6), 0.25 * (np.cos(0.8) - 1)
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_an_expression_moves_a_joint_before_it_turns(small_rig):
    moved = np.zeros((5, 4, 3), np.float32)
    moved[1, 3] = [0.1, 0, 0.2]
    parameters = PoseParameters.neutral(small_rig)
    parameters.expression[1] = 2
    parameters.joint_rotations[3] = [0.3, -0.8, 0.4]
    elsewhere = replace(small_rig, joints=small_rig.joints + 2 * moved[1])
    expected = pose_numpy(elsewhere, parameters)
    found = pose_numpy(replace(small_rig, joint_expression_basis=moved), parameters)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_joints_of_many_poses_move_as_in_torch(small_rig):
    rig, rng = small_rig, np.random.default_rng(3)
    joints = len(rig.joints)
    rotations = rng.normal(0, 0.7, (5, joints, 3)).astype(np.float32)
    rotations[0] = 0
    translation = rng.normal(0, 0.1, (5, 3)).astype(np.float32)
    turn, shift = joint_transforms(rig, rotations, np.zeros((5, 5), np.float32))
    posed = skinning.pose(
        skinning.tensor_rig(rig, torch.float64),
        torch.zeros(5, len(rig.expression_basis), dtype=torch.float64),
        torch.from_numpy(rotations).double(),
        torch.from_numpy(translation).double(),
    )
    moved = np.einsum("pjik,vk->pvji", turn, rig.template) + (shift + translation[:, None])[:, None]
    share = np.zeros((len(rig.template), joints), np.float32)
    np.add.at(share, (np.arange(len(share))[:, None], rig.skin_joints), rig.skin_weights)
    assert np.allclose(np.einsum("pvji,vj->pvi", moved, share), posed.numpy(), atol=1e-6)


def test_rotations_through_zero():
    axis = np.array([[0, 0, 0], [1e-7, 0, 0], [9e-5, 0, 0], [1.1e-4, 0, 0], [np.pi / 2, 0, 0]])
    found = rotation_matrices(axis)
    for matrix, (angle, _, _) in zip(found, axis, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        assert np.allclose(matrix, [[1, 0, 0], [0, c, -s], [0, s, c]], atol=1e-12)

"""Joint maps of many poses against the differentiable posing."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.rig import skinning
from splatavatar.rig.kinematics import joint_transforms
from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices


def test_as_skinning_moves_the_joints(small_rig: Rig) -> None:
    rig, rng = small_rig, np.random.default_rng(3)
    joints = len(rig.joints)
    rotations = rng.normal(0, 0.7, (5, joints, 3)).astype(np.float32)
    rotations[0] = 0
    translation = rng.normal(0, 0.1, (5, 3)).astype(np.float32)
    maps = joint_transforms(rig, rotations, translation)
    posed = skinning.pose(
        skinning.tensor_rig(rig, torch.float64),
        torch.zeros(5, len(rig.expression_basis), dtype=torch.float64),
        torch.from_numpy(rotations).double(),
        torch.from_numpy(translation).double(),
    )
    moved = np.einsum("pjik,vk->pvji", maps[..., :3], rig.template) + maps[:, None, :, :, 3]
    share = np.zeros((len(rig.template), joints), np.float32)
    np.add.at(share, (np.arange(len(share))[:, None], rig.skin_joints), rig.skin_weights)
    assert np.allclose(np.einsum("pvji,vj->pvi", moved, share), posed.numpy(), atol=1e-6)


def test_rotations_through_zero() -> None:
    axis = np.array([[0, 0, 0], [1e-7, 0, 0], [9e-5, 0, 0], [1.1e-4, 0, 0], [np.pi / 2, 0, 0]])
    found = rotation_matrices(axis)
    for matrix, (angle, _, _) in zip(found, axis, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        assert np.allclose(matrix, [[1, 0, 0], [0, c, -s], [0, s, c]], atol=1e-12)

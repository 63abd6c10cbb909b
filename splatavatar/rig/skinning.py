"""Posing in torch, differentiable in the parameters and in the arrays of the rig."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from splatavatar.rig.rig import Rig
from splatavatar.torch_rotations import rotation_matrices


@dataclass
class TensorRig:
    """The arrays of a ``Rig`` that posing needs, as tensors; shapes and units as there."""

    template: Tensor
    """(V, 3)"""
    identity_basis: Tensor
    """(I, V, 3)"""
    expression_basis: Tensor
    """(E, V, 3)"""
    joints: Tensor
    """(J, 3)"""
    joint_identity_basis: Tensor
    """(I, J, 3)"""
    parents: tuple[int, ...]
    """(J)"""
    skin_joints: Tensor
    """(V, W) int64"""
    skin_weights: Tensor
    """(V, W)"""
    pose_basis: Tensor | None = None
    """(9 (J - 1), V, 3)"""
    joint_expression_basis: Tensor | None = None
    """(E, J, 3)"""


def tensor_rig(rig: Rig, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> TensorRig:
    """The arrays of ``rig`` on ``device``, with floating-point arrays of type ``dtype``."""

    def tensor(array: object) -> Tensor:
        return torch.as_tensor(array).to(device, dtype)

    return TensorRig(
        tensor(rig.template),
        tensor(rig.identity_basis),
        tensor(rig.expression_basis),
        tensor(rig.joints),
        tensor(rig.joint_identity_basis),
        tuple(int(parent) for parent in rig.parents),
        torch.as_tensor(rig.skin_joints, dtype=torch.int64, device=device),
        tensor(rig.skin_weights),
        None if rig.pose_basis is None else tensor(rig.pose_basis),
        None if rig.joint_expression_basis is None else tensor(rig.joint_expression_basis),
    )


def pose(
    rig: TensorRig,
    expression: Tensor,
    joint_rotations: Tensor,
    translation: Tensor,
    identity: Tensor | None = None,
) -> Tensor:
    """Posed vertices (..., V, 3), metres, rig frame.

    ``expression`` (..., E) coefficients; ``joint_rotations`` (..., J, 3) axis-angle, radians, rig axes, each in the
    frame its parent joint carries; ``translation`` (..., 3) metres, added after skinning; ``identity`` (..., I)
    coefficients, absent for the template. Leading dimensions broadcast.
    """
    shaped = rig.template + torch.tensordot(expression, rig.expression_basis, 1)
    joints = rig.joints
    if rig.joint_expression_basis is not None:
        joints = joints + torch.tensordot(expression, rig.joint_expression_basis, 1)
    if identity is not None:
        shaped = shaped + torch.tensordot(identity, rig.identity_basis, 1)
        joints = joints + torch.tensordot(identity, rig.joint_identity_basis, 1)
    local = rotation_matrices(joint_rotations)
    if rig.pose_basis is not None:
        entries = local[..., 1:, :, :] - torch.eye(3, dtype=local.dtype, device=local.device)
        shaped = shaped + torch.tensordot(entries.flatten(-3), rig.pose_basis, 1)
    turn, shift = _joint_transforms(rig.parents, joints, local)
    # (..., V, 3, 4) blended transforms: a product with all weights, most of them zero. Gathering four joints a vertex
    # would be less work, but its gradient on a GPU adds the thousands of vertices of a joint one after the other.
    transforms = torch.cat([turn, shift[..., None]], -1)
    weights = rig.skin_weights.new_zeros(len(rig.skin_joints), len(rig.parents))
    weights = weights.scatter_add(1, rig.skin_joints, rig.skin_weights)
    blended = torch.matmul(weights, transforms.flatten(-2))
    blended = blended.reshape(*blended.shape[:-1], 3, 4)
    posed: Tensor = (blended[..., :3] @ shaped[..., None])[..., 0] + blended[..., 3]
    return posed + translation[..., None, :]


def _joint_transforms(parents: tuple[int, ...], joints: Tensor, local: Tensor) -> tuple[Tensor, Tensor]:
    """Rotation (..., J, 3, 3) and translation (..., J, 3) that carry points of the rest pose along with each joint."""
    turns: list[Tensor] = []
    shifts: list[Tensor] = []
    for joint, parent in enumerate(parents):
        at, own = joints[..., joint, :], local[..., joint, :, :]
        if parent < 0:
            turn, moved = own, at
        else:
            turn = turns[parent] @ own
            moved = (turns[parent] @ at[..., None])[..., 0] + shifts[parent]
        turns.append(turn)
        shifts.append(moved - (turn @ at[..., None])[..., 0])
    return torch.stack(turns, -3), torch.stack(shifts, -2)

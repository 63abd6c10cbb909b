"""Posing in numpy: what the runtime uses without torch and the native twin is checked against."""

from __future__ import annotations

from functools import reduce

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import rotation_matrices


def pose_numpy(rig: Rig, parameters: PoseParameters) -> Floats:
    """The posed vertices (V, 3), metres, rig frame, of a rig with a folded identity. Computed in double precision."""
    shaped = rig.template.astype(np.float64)
    moved = np.flatnonzero(parameters.expression)
    if len(moved):
        shaped += np.tensordot(parameters.expression[moved].astype(np.float64), rig.expression_basis[moved], 1)
    if rig.pose_basis is not None:
        entries = pose_entries(parameters.joint_rotations)
        turned = np.flatnonzero(entries)
        shaped += np.tensordot(entries[turned], rig.pose_basis[turned], 1)
    of_one = joint_transforms(rig, parameters.joint_rotations[None], parameters.expression[None])
    turn, shift = (of_poses[0] for of_poses in of_one)
    blended = np.einsum("vk,vkij->vij", rig.skin_weights, turn[rig.skin_joints])
    shifted = np.einsum("vk,vki->vi", rig.skin_weights, shift[rig.skin_joints])
    posed = np.einsum("vij,vj->vi", blended, shaped) + shifted + parameters.translation
    return np.asarray(posed, np.float32)


def head_turn(rig: Rig, parameters: PoseParameters) -> Doubles:
    """The turn (3, 3) of the head in rig axes: of the root and of all joints that share in the turns of a head."""
    joints = [0, *(joint for joint, _ in rig.head_chain)]
    return np.asarray(reduce(np.matmul, rotation_matrices(parameters.joint_rotations[joints].astype(np.float64))))


def pose_entries(joint_rotations: Floats) -> Doubles:
    """What weighs ``Rig.pose_basis``: the entries (..., 9 (J - 1)) of R - I of each joint but the root, row by row.

    Args:
        joint_rotations: (..., J, 3) axis-angle, radians, rig axes.
    """
    turned = rotation_matrices(joint_rotations[..., 1:, :].astype(np.float64)) - np.eye(3)
    return np.asarray(turned.reshape(*joint_rotations.shape[:-2], -1))


def joint_transforms(rig: Rig, joint_rotations: Floats, expression: Floats) -> tuple[Doubles, Doubles]:
    """What carries points of the rest pose along with each joint: turns (P, J, 3, 3) and shifts (P, J, 3), metres.

    Args:
        joint_rotations: (P, J, 3) axis-angle, radians, rig axes, of P poses.
        expression: (P, E) coefficients.
    """
    joints = np.broadcast_to(rig.joints.astype(np.float64), joint_rotations.shape)
    if rig.joint_expression_basis is not None:
        joints = joints + np.tensordot(expression.astype(np.float64), rig.joint_expression_basis, 1)
    local = rotation_matrices(joint_rotations)
    turn, shift = local.copy(), np.empty(joint_rotations.shape)
    for joint, parent in enumerate(rig.parents.tolist()):
        at = joints[:, joint, :, None]
        moved = at
        if parent >= 0:
            turn[:, joint] = turn[:, parent] @ local[:, joint]
            moved = turn[:, parent] @ at + shift[:, parent, :, None]
        shift[:, joint] = (moved - turn[:, joint] @ at)[..., 0]
    return turn, shift

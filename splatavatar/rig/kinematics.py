"""Joints of many poses at once, in numpy: what is left to compute on the CPU where a GPU moves the vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.rig.rig import Rig


def joint_transforms(
    rig: Rig, joint_rotations: NDArray[np.float32], translation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(P, J, 3, 4) maps from rest positions to posed ones, metres; the numpy twin of ``skinning``'s.

    Args:
        joint_rotations: (P, J, 3) axis-angle, radians, rig axes.
        translation: (P, 3) metres, added after skinning.
    """
    local = rotation_matrices(joint_rotations.astype(np.float64))
    out = np.empty((*joint_rotations.shape[:2], 3, 4))
    turn, shift = out[..., :3], out[..., 3]
    for joint, parent in enumerate(rig.parents.tolist()):
        at = rig.joints[joint].astype(np.float64)
        if parent < 0:
            turn[:, joint], moved = local[:, joint], at
        else:
            turn[:, joint] = turn[:, parent] @ local[:, joint]
            moved = turn[:, parent] @ at + shift[:, parent]
        shift[:, joint] = moved - turn[:, joint] @ at
    shift += translation[:, None]
    return out.astype(np.float32)


def rotation_matrices(axis_angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3, 3) rotations of axis-angle vectors (..., 3) in radians: Rodrigues' formula."""
    angle = np.linalg.norm(axis_angle, axis=-1)[..., None, None]
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1 - angle**2 / 6, np.sin(safe) / safe)
    cosine = np.where(small, 0.5 - angle**2 / 24, 2 * np.sin(safe / 2) ** 2 / safe**2)
    x, y, z = np.moveaxis(axis_angle, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    turn: NDArray[np.float64] = np.eye(3) + sine * cross + cosine * (cross @ cross)
    return turn

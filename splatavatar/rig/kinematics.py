"""Joints of many poses at once, in numpy: what is left to compute on the CPU where a GPU moves the vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices


def joint_transforms(
    rig: Rig, joint_rotations: NDArray[np.float32], translation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(P, J, 3, 4) maps from rest positions to posed ones, metres; the numpy twin of ``skinning``'s.

    Args:
        joint_rotations: (P, J, 3) axis-angle, radians, rig axes.
        translation: (P, 3) metres, added after skinning.
    """
    local = rotation_matrices(joint_rotations)
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

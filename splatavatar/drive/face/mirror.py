"""The mirror image of a face signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX, NAMES


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return name[:-4] + "Right"
    return name[:-5] + "Left" if name.endswith("Right") else name


SWAPPED = np.array([INDEX[_other_side(name)] for name in NAMES])
"""for each coefficient the one of the other side, jawLeft and mouthLeft too; itself in the middle"""


def mirror(signal: FaceSignal) -> FaceSignal:
    """The ``signal`` as in a mirror: left and right change places, yaw, roll and the way sideways change their sign."""
    return replace(
        signal,
        arkit=signal.arkit[SWAPPED],
        # A rotation axis is no arrow: mirrored at x = 0 it keeps its x and turns the rest.
        head_rotation=np.asarray(signal.head_rotation * (1.0, -1.0, -1.0), np.float32),
        head_translation=np.asarray(signal.head_translation * (-1.0, 1.0, 1.0), np.float32),
        gaze=np.asarray(signal.gaze[::-1] * (-1.0, 1.0), np.float32),
    )

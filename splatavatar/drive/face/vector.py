"""A face signal as one vector, for what treats all its values alike."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.drive.face.channels import COEFFICIENTS, GAZE, HEAD
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES

C = len(NAMES)
TURN, PLACE, EYES_TURN = slice(C, C + 3), slice(C + 3, C + 6), slice(C + 6, C + 10)
"""where the head rotation, the head translation and the gaze are, after the coefficients"""
SIZE = C + 10

SLOTS: dict[str, Longs] = {
    **COEFFICIENTS,
    GAZE: np.concatenate([COEFFICIENTS[GAZE], np.arange(C + 6, C + 10)]),
    HEAD: np.arange(C, C + 6),
}
"""indices of the values of each channel; together they are all of them"""


def to_vector(signal: FaceSignal) -> Doubles:
    """The numbers (62) of ``signal``."""
    return np.concatenate(
        [signal.arkit, signal.head_rotation, signal.head_translation, signal.gaze.reshape(4)], dtype=np.float64
    )


def from_vector(values: Doubles, time: float, confidence: float) -> FaceSignal:
    """The signal whose vector is ``values`` (62), its coefficients brought into [0, 1]."""
    single = values.astype(np.float32)
    return FaceSignal(
        time, np.clip(single[:C], 0.0, 1.0), single[TURN], single[PLACE], single[EYES_TURN].reshape(2, 2), confidence
    )

"""The face signal: what every source makes, every filter works on and every rig consumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FaceSignal:
    """One frame of a face."""

    time: float
    """seconds"""
    arkit: Floats
    """(52) in [0, 1], ``rig.arkit.NAMES`` order"""
    head_rotation: Floats
    """(3) axis-angle, radians, rig axes"""
    head_translation: Floats
    """(3) metres, rig axes"""
    gaze: Floats
    """(2, 2) [left, right] x [yaw, pitch] radians; yaw positive to the subject's left, pitch positive up; zero: none
    measured, the eyeLook coefficients then move the eyes
    """
    confidence: float
    """in [0, 1]"""


@dataclass(frozen=True)
class Recording:
    """A face signal over time."""

    time: NDArray[np.float64]
    """(T) seconds, increasing, starting at 0"""
    arkit: Floats
    """(T, 52)"""
    head_rotation: Floats
    """(T, 3)"""
    head_translation: Floats
    """(T, 3)"""
    gaze: Floats
    """(T, 2, 2)"""
    confidence: Floats
    """(T)"""
    fps: float
    """frames a second of the source, exact where the file says so"""

    def __len__(self) -> int:
        return len(self.time)

    def frame(self, index: int) -> FaceSignal:
        """The signal of one frame."""
        return FaceSignal(
            float(self.time[index]),
            self.arkit[index],
            self.head_rotation[index],
            self.head_translation[index],
            self.gaze[index],
            float(self.confidence[index]),
        )

"""The face signal: what every source makes, every filter works on and every rig consumes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import NAMES


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

    @classmethod
    def neutral(cls, time: float = 0.0, **coefficients: float) -> FaceSignal:
        """A face at rest but for ARKit ``coefficients`` in [0, 1] by their names.

        >>> import splatavatar as sa
        >>> float(sa.FaceSignal.neutral(jawOpen=0.5).arkit.sum())
        0.5

        Raises SignalError for a name that ARKit does not have, or a value that is not in [0, 1].
        """
        arkit = np.zeros(len(NAMES), np.float32)
        for name, value in coefficients.items():
            if name not in NAMES:
                raise SignalError(f"no coefficient {name!r}; ARKit's 52 are jawOpen, mouthSmileLeft and so on.")
            if not 0 <= value <= 1:
                raise SignalError(f"{name} is {value:g}, expected 0 to 1.")
            arkit[NAMES.index(name)] = value
        zeros = np.zeros(3, np.float32)
        return cls(time, arkit, zeros, zeros.copy(), np.zeros((2, 2), np.float32), 1.0)


def nobody(time: float) -> FaceSignal:
    """The signal of a frame that shows no face."""
    return replace(FaceSignal.neutral(time), confidence=0.0)


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


def chosen_frame(recording: Recording | None, index: int) -> FaceSignal | None:
    """Frame ``index`` of a recording, counted from 0; None, a face at rest, without one.

    Raises SettingsError for a frame that the recording does not have.
    """
    if recording is None:
        return None
    if not 0 <= index < len(recording):
        raise SettingsError(f"no frame {index}: the signal has {len(recording)} frames, counted from 0.")
    return recording.frame(index)

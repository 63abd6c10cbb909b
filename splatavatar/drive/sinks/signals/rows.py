"""What the tables of faces have in common: angles by the signs of their readers, and lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.drive.signal import Recording
from splatavatar.output import atomic_write
from splatavatar.rotations import yaw_pitch_roll

HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
EYES = ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch")


def head_angles(recording: Recording) -> Doubles:
    """Yaw, pitch and roll (T, 3) in radians, as ``sources/recorded/livelink_csv.py`` says."""
    return yaw_pitch_roll(recording.head_rotation)


def eye_angles(recording: Recording) -> Doubles:
    """The columns ``EYES`` (T, 4) in radians: to the subject's right and down are positive."""
    angles = -recording.gaze.reshape(-1, 4).astype(np.float64) + 0.0  # no negative zeros
    turns = np.rint(angles / (2 * np.pi)) * 2 * np.pi
    return np.where(np.abs(angles) > np.pi, angles - turns, angles)


def seen(recording: Recording) -> NDArray[np.bool_]:
    """(T) whether a frame shows a face."""
    return recording.confidence > 0


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write ``lines`` of ASCII; the file appears whole or not at all. Raises OutputError."""
    with atomic_write(path) as file:
        file.writelines(line.encode("ascii") + b"\n" for line in lines)

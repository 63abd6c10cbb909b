"""A take of Epic's Live Link Face app: one CSV row a frame, columns found by their header.

``Timecode`` is HH:MM:SS:FF.sub with FF counted at 60 a second. The angles are radians. Their signs:

* eyes: ``LeftEyeYaw`` and ``RightEyeYaw`` grow to the subject's right and the pitches downwards, as the eyeLook
  coefficients of the same rows show (correlation 0.95 and 0.94 in a real take), so both are negated for our gaze (left
  and up positive);
* head: rotations about the rig's own axes, ``HeadPitch`` about +X (nose down), ``HeadYaw`` about +Y (to the subject's
  left), ``HeadRoll`` about +Z, applied roll first, yaw last. The yaw is measured: in recorded packets of a face that
  watches its phone the eyes counter-turn with a gain of 0.77. Pitch and roll follow from the axes of Apple's face
  anchor, whose frame is the rig frame.

Rows during which the app saw no face have a ``BlendShapeCount`` of 0 (values zero or absent):
they rest with confidence 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.rotation import axis_angle_from_yaw_pitch_roll
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.checked import checked, frame_rate
from splatavatar.drive.sources.columns import lower_first, to_arkit
from splatavatar.drive.sources.csv_table import numbers, read_table
from splatavatar.errors import SignalError

TICKS = 60
HEAD = ("headYaw", "headPitch", "headRoll")
EYES = ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")
ROLLS = ("leftEyeRoll", "rightEyeRoll")  # a torsion of the eyeball: not part of a face signal
DAY = 24 * 3600.0


def read_livelink_csv(path: Path) -> Recording:
    """Read ``path``. Raises SignalError."""
    source = str(path)
    header, rows = read_table(path)
    column = {name: index for index, name in enumerate(header)}
    for name in ("Timecode", "BlendShapeCount"):
        if lower_first(name) not in column:
            raise SignalError(f"{source}: no column {name!r}; expected a take of the Live Link Face app.")
    if not rows:
        raise SignalError(f"{source}: no frames.")
    numeric = [index for index, name in enumerate(header) if name not in ("timecode", "blendShapeCount")]
    time, values, seen = np.empty(len(rows)), np.zeros((len(rows), len(header))), np.ones(len(rows), np.float32)
    for index, row in enumerate(rows):
        line = index + 2
        time[index] = _seconds(row[column["timecode"]], line, source)
        if len(row) > column["blendShapeCount"] and row[column["blendShapeCount"]].strip() == "0":
            seen[index] = 0.0
            continue
        values[index, numeric] = numbers(row, numeric, len(header), line, source)
    time[1:] += DAY * np.cumsum(np.diff(time) < -DAY / 2)  # a take that runs over midnight

    coefficients = [i for i in numeric if header[i] not in (*HEAD, *EYES, *ROLLS)]
    angles = {name: values[:, column[name]] if name in column else np.zeros(len(rows)) for name in (*HEAD, *EYES)}
    return checked(
        Recording(
            time=time - time[0],
            arkit=to_arkit([header[i] for i in coefficients], values[:, coefficients], source),
            head_rotation=axis_angle_from_yaw_pitch_roll(*(angles[name] for name in HEAD)).astype(np.float32),
            head_translation=np.zeros((len(rows), 3), np.float32),
            gaze=_gaze(angles),
            confidence=seen,
            fps=frame_rate(time),
        ),
        source,
    )


def _gaze(angles: dict[str, NDArray[np.float64]]) -> NDArray[np.float32]:
    gaze = -np.stack([angles[name] for name in EYES], 1).reshape(-1, 2, 2)
    return (gaze + 0.0).astype(np.float32)  # no negative zeros


def _seconds(timecode: str, line: int, source: str) -> float:
    try:
        hours, minutes, seconds, frames = timecode.strip().split(":")
        return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(frames) / TICKS
    except ValueError as error:
        raise SignalError(f"{source}: line {line} has the timecode {timecode!r}, expected HH:MM:SS:FF.sub.") from error

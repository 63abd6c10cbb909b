"""A recording as a take of Epic's Live Link Face app: the columns of its version 1.3, in their order.

The signs of its angles are those of ``sources/recorded/livelink_csv.py``. Timecodes count 60 frames a second and their
thousandths. No file states that rate, and a reader sees it where a second ends: the second frame is put at a full
minute, so that even a short take shows it, and that its timecodes leave out none (drop-frame).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.signals.rows import eye_angles, head_angles, seen, write_lines
from splatavatar.rig.arkit import INDEX

RATE, PARTS = 60, 1000
"""frames of a second of the timecode, and parts of a frame"""
MINUTE = 61 * 60.0
"""seconds of the time of day at which the second frame is: no tenth minute, at which drop-frame leaves out nothing"""
_EYE = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")
_MOUTH = (
    *("Close", "Funnel", "Pucker", "Right", "Left", "SmileLeft", "SmileRight", "FrownLeft", "FrownRight"),
    *("DimpleLeft", "DimpleRight", "StretchLeft", "StretchRight", "RollLower", "RollUpper", "ShrugLower", "ShrugUpper"),
    *("PressLeft", "PressRight", "LowerDownLeft", "LowerDownRight", "UpperUpLeft", "UpperUpRight"),
)
COEFFICIENTS = (
    *(f"Eye{what}{side}" for side in ("Left", "Right") for what in _EYE),
    *("JawForward", "JawRight", "JawLeft", "JawOpen"),
    *(f"Mouth{what}" for what in _MOUTH),
    *("BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight"),
    *("CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut"),
)
ANGLES = (
    *("HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"),
    *("RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
)
VALUES = len(COEFFICIENTS) + len(ANGLES)


def write_livelink_csv(path: Path, recording: Recording) -> None:
    """Write ``recording``; a frame without a face has a count of 0 and zeros. Raises OutputError."""
    write_lines(path, _lines(recording))


def _lines(recording: Recording) -> Iterator[str]:
    yield ",".join(("Timecode", "BlendshapeCount", *COEFFICIENTS, *ANGLES))
    order = [INDEX[name[0].lower() + name[1:]] for name in COEFFICIENTS]
    eyes = eye_angles(recording)
    still = np.zeros((len(recording), 1))  # an eye does not roll
    parts = (recording.arkit[:, order], head_angles(recording), eyes[:, :2], still, eyes[:, 2:], still)
    values = np.concatenate(parts, axis=1, dtype=np.float64)
    here = seen(recording)
    values[~here] = 0
    for code, face, row in zip(_timecodes(recording.time), here.tolist(), values, strict=True):
        yield ",".join([code, str(VALUES if face else 0), *(f"{value:.10f}" for value in row.tolist())])


def _timecodes(time: Doubles) -> Iterator[str]:
    """``HH:MM:SS:FF.sub`` of seconds (T)."""
    begin = max(MINUTE - float(time[1]), 0.0) if len(time) > 1 else MINUTE
    for ticks in np.rint((time + begin) * (RATE * PARTS)).astype(np.int64).tolist():
        frames, part = divmod(ticks, PARTS)
        seconds, frame = divmod(frames, RATE)
        yield f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frame:02}.{part:03}"

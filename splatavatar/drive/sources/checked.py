"""What every recording must hold, whatever file it came from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.errors import SignalError

NTSC = 1001.0 / 1000.0
MOST_HELD = 100
"""frames that a playback may show for every frame recorded, on average"""


def checked(recording: Recording, source: str) -> Recording:
    """``recording`` itself, or SignalError that names ``source`` and what is wrong."""
    T = len(recording.time)
    if T == 0:
        raise SignalError(f"{source}: no frames.")
    arrays: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {
        "time": (recording.time, (T,)),
        "arkit": (recording.arkit, (T, 52)),
        "head_rotation": (recording.head_rotation, (T, 3)),
        "head_translation": (recording.head_translation, (T, 3)),
        "gaze": (recording.gaze, (T, 2, 2)),
        "confidence": (recording.confidence, (T,)),
    }
    for name, (array, shape) in arrays.items():
        if array.shape != shape:
            raise SignalError(f"{source}: {name} has the shape {array.shape}, expected {shape}.")
        finite = np.isfinite(array).reshape(T, -1).all(1)
        if not finite.all():
            raise SignalError(f"{source}: {name} is not a finite number in frame {int(np.argmin(finite))}.")
    steps = np.diff(recording.time)
    if (steps <= 0).any():
        late = int(np.argmax(steps <= 0)) + 1
        raise SignalError(f"{source}: time does not increase at frame {late}.")
    if recording.time[-1] * recording.fps > MOST_HELD * (T + 30):
        late = int(np.argmax(steps)) + 1
        raise SignalError(f"{source}: time jumps by {steps[late - 1]:g} seconds at frame {late}.")
    if not (np.isfinite(recording.fps) and 0.1 <= recording.fps <= 1000):
        raise SignalError(f"{source}: {recording.fps:g} frames a second; expected between 0.1 and 1000.")
    return recording


def frame_rate(time: NDArray[np.float64]) -> float:
    """Frames a second of ``time`` (T) in seconds: gaps of dropped frames do not count, and a rate within 0.03 % of a
    whole or NTSC (n * 1000 / 1001) number is that number. One frame alone counts as 30 a second.
    """
    steps = np.diff(time)
    steps = steps[steps > 0]
    if len(steps) == 0:
        return 30.0
    rate = 1.0 / float(steps[steps < 1.5 * np.median(steps)].mean())
    exact = min((round(rate), round(rate * NTSC) / NTSC), key=lambda candidate: abs(candidate - rate))
    return float(exact) if exact > 0 and abs(exact - rate) < 3e-4 * rate else rate

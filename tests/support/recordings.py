"""Recordings with something in every part."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.signal import Recording


def full_recording(time: Doubles | None = None, seed: int = 0) -> Recording:
    """Random faces at ``time`` (T), 40 at 30 a second where it is None; the fourth frame shows none and rests."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(40) / 30 if time is None else time
    T = len(seconds)

    def normal(scale: float, *shape: int) -> np.ndarray:
        values = rng.normal(0, scale, (T, *shape)).astype(np.float32)
        values[3:4] = 0
        return values

    arkit = rng.random((T, 52)).astype(np.float32)
    arkit[3:4] = 0
    confidence = np.ones(T, np.float32)
    confidence[3:4] = 0
    return Recording(seconds, arkit, normal(0.5, 3), normal(0.1, 3), normal(0.3, 2, 2), confidence, 30.0)

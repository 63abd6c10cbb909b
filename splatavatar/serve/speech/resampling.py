"""Sound of any rate as it comes, at the rate that is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError
from splatavatar.extras import required

Samples = NDArray[np.int16]
"""(N) mono, 16 bits"""
LOWEST_RATE, HIGHEST_RATE = 8000, 192_000
"""Hz that sound may have"""


class Resampler:
    """Turns one stretch of mono sound in pieces of any size into another rate; ``finish`` gives what it held back.

    What comes out begins at the time of what came in. Needs PyAV where the rates differ.
    """

    def __init__(self, rate: int, wanted: int) -> None:
        """Raises SignalError for a rate that no speech has, DependencyError without PyAV."""
        for hertz in (rate, wanted):
            if not LOWEST_RATE <= hertz <= HIGHEST_RATE:
                raise SignalError(f"sound at {hertz} Hz, expected {LOWEST_RATE} to {HIGHEST_RATE} Hz.")
        self.rate, self.wanted = rate, wanted
        self._given = 0
        self._owed = 0
        self._codec: Any = None
        if rate != wanted:
            av = required("av")
            self._frame = av.AudioFrame
            self._codec = av.AudioResampler(format="s16", layout="mono", rate=wanted)

    def push(self, samples: Samples) -> Samples:
        """What ``samples`` complete at the wanted rate."""
        if self._codec is None or not len(samples):
            return samples
        frame = self._frame.from_ndarray(np.ascontiguousarray(samples)[None], "s16", "mono")
        frame.sample_rate = self.rate
        frame.pts = self._given
        self._given += len(samples)
        return self._taken(frame)

    def finish(self) -> Samples:
        """The rest. As many samples as the duration of what came in has come out then; nothing may follow."""
        if self._codec is None or not self._given:
            return np.zeros(0, np.int16)
        rest = self._taken(None)
        missing = round(self._given * self.wanted / self.rate) - self._owed
        if missing > 0:
            return np.concatenate([rest, np.zeros(missing, np.int16)])
        return rest[: len(rest) + missing] if missing else rest

    def _taken(self, frame: Any) -> Samples:
        made = [piece.to_ndarray().reshape(-1) for piece in self._codec.resample(frame)]
        out: Samples = np.concatenate([np.zeros(0, np.int16), *made]).astype(np.int16)
        self._owed += len(out)
        return out


def mono16(samples: NDArray[np.generic], channels: int = 1) -> Samples:
    """Samples of interleaved ``channels`` as mono of 16 bits: int16 as they are, floats in [-1, 1] scaled, the channels
    averaged.

    Raises SignalError for anything else, and for numbers that are not finite.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or channels < 1 or len(samples) % channels:
        raise SignalError(f"sound of shape {samples.shape} for {channels} channels, expected interleaved samples.")
    if samples.dtype == np.int16 and channels == 1:
        return samples.astype(np.int16)
    if samples.dtype == np.int16:
        return np.asarray(np.rint(samples.reshape(-1, channels).mean(1, dtype=np.float64)), np.int16)
    if samples.dtype.kind != "f" or not np.isfinite(samples).all():
        raise SignalError("sound that is neither 16-bit integers nor finite numbers in [-1, 1].")
    mixed = samples.reshape(-1, channels).mean(1, dtype=np.float64)
    return np.asarray(np.rint(np.clip(mixed, -1, 1) * 32767), np.int16)

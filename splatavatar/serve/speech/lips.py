"""The mouth of what is said, by a model that hears a little ahead."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.drive.sources.live.voice import AudioModel
from splatavatar.rig.arkit import NAMES
from splatavatar.serve.speech.resampling import Resampler, Samples

RATE = 16000
"""Hz that models of speech take"""
CLOSING = 0.08
"""seconds in which the mouth comes to rest after sound that ended, or was interrupted"""


class LipModel(AudioModel, Protocol):
    """A model of speech that says how much it hears ahead."""

    @property
    def look_ahead(self) -> float:
        """Seconds of sound after the time of a face that it may depend on, at most."""
        ...


class Lips:
    """Coefficients for the times of one stream of sound, which is the speech and the silence between."""

    def __init__(self, model: LipModel, rate: int) -> None:
        self._model, self._rate = model, rate
        self.look_ahead = model.look_ahead
        """seconds of sound that have to be there after the time of a face"""
        self._rest = np.zeros(len(NAMES), np.float32)
        self._shown = self._from = self._rest
        self._since: float | None = None  # seconds of the way to rest; None where the mouth is on none
        self._begin()

    @property
    def heard(self) -> int:
        """Samples of the stream that the model has been given."""
        return self._heard

    def feed(self, samples: Samples) -> None:
        """Give the model what follows in the stream."""
        self._heard += len(samples)
        times, rows = self._model.push(self._resampler.push(samples))
        self._rows.extend(zip(times.tolist(), rows, strict=True))

    def at(self, time: float, elapsed: float, silent: float = 0.0) -> Floats:
        """The coefficients (52) for ``time``, seconds of the stream; ``elapsed`` seconds after those asked for before.

        Times do not go back. Where the model has not got there its last face stays. ``silent``: seconds since sound
        ended, in which the mouth comes to rest, however slowly the model would have it do so.
        """
        while len(self._rows) > 1 and self._rows[1][0] <= time:
            self._rows.popleft()
        resting = np.float32(max(1 - silent / CLOSING, 0.0))
        self._shown = self._closing(self._between(time) * resting, elapsed)
        return self._shown

    def clear(self) -> None:
        """Forget the stream: the mouth comes to rest from where it is. The next sample is at 0."""
        self._model.reset()
        self._from = self._shown
        self._since = 0.0
        self._begin()

    def _begin(self) -> None:
        self._rows: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._resampler = Resampler(self._rate, RATE)
        self._heard = 0

    def _between(self, time: float) -> Floats:
        if not self._rows:
            return self._rest
        before, row = self._rows[0]
        if len(self._rows) == 1 or time <= before:
            return row
        after, following = self._rows[1]
        share = np.float32((time - before) / (after - before))
        return np.asarray(row + share * (following - row), np.float32)

    def _closing(self, row: Floats, elapsed: float) -> Floats:
        if self._since is None:
            return row
        self._since += elapsed
        if self._since >= CLOSING:
            self._since = None
            return row
        share = np.float32(self._since / CLOSING)
        return np.asarray(self._from + share * (row - self._from), np.float32)

"""The sound of a video that is written while the avatar is driven live."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.sinks.soundtrack import CHANNELS, RATE, FileSound, Soundtrack
from splatavatar.drive.sources.live.voice import DRIFT, GAP, SET_BACK

HEARD_RATE = 16000
"""Hz of what microphones hand over"""
SLACK = 0.02
"""seconds that pieces of sound may come off the clock for a while: of a card that is fast or slow, or of a few samples
that were lost"""


class LiveSoundtrack(Soundtrack, Protocol):
    """A soundtrack that learns from the loop when its video begins."""

    def begin(self, now: float) -> None:
        """The first frame of the video is the picture of ``now``, on the clock of the sources."""

    def align(self, delay: float) -> None:
        """The picture of a moment shows what was heard ``delay`` seconds before."""

    def leave_out(self, seconds: float) -> None:
        """The video leaves out ``seconds`` that pass after what it shows now."""


class PlayedSound:
    """The sound of a file that is played while it drives."""

    lag = 0.0

    def __init__(self, path: str | Path, origin: Callable[[], float | None]) -> None:
        """``origin()`` is when the file's time 0 was played, on the clock of the sources; None before it is, and later
        once the file stood still. Raises SignalError.
        """
        FileSound(path).close()
        self._path = path
        self._origin = origin
        self._begun: float | None = None
        self._file: FileSound | None = None
        self._played_from = 0.0
        self._left_out = 0.0
        """seconds that the video has left out since the last samples"""
        self._silent = 0
        """samples of silence that come before what follows in the file; of it, not to be heard, where negative"""
        self._read = 0

    def begin(self, now: float) -> None:
        """See ``LiveSoundtrack``."""
        self._begun = now

    def align(self, delay: float) -> None:
        """A face that is computed ahead is shown with its sound: nothing to do."""

    def leave_out(self, seconds: float) -> None:
        """See ``LiveSoundtrack``."""
        self._left_out += seconds

    def read(self, count: int) -> Floats:
        """See ``Soundtrack``. It is silent until the file is played, and where that stands still for a while."""
        if self._begun is None:
            return np.zeros((CHANNELS, 0), np.float32)
        origin, left_out, self._left_out = self._origin(), self._left_out, 0.0
        if self._file is None:
            self._begun += left_out
            if origin is None:
                self._read += count
                return np.zeros((CHANNELS, count), np.float32)
            self._played_from = origin
            self._file = FileSound(self._path, self._begun + self._read / RATE - origin)
        elif origin is not None:
            self._silent += round((origin - self._played_from - left_out) * RATE)
            self._played_from = origin
        while self._silent < 0 and (passed := self._file.read(min(-self._silent, RATE)).shape[1]):
            self._silent += passed
        silent = min(max(self._silent, 0), count)
        self._silent -= silent
        samples = self._file.read(count - silent)
        return np.concatenate([np.zeros((CHANNELS, silent), np.float32), samples], axis=1) if silent else samples

    def close(self) -> None:
        """See ``Soundtrack``."""
        if self._file is not None:
            self._file.close()


class HeardSound:
    """The sound of a microphone, put where the lips that it moved are seen. Silence where it was not heard."""

    lag = 1.0

    def __init__(self) -> None:
        import av

        self._lock = threading.Lock()
        self._resampler: Any = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        self._frame = av.AudioFrame
        self._begun: float | None = None
        self._left_out = 0.0
        self._delay = 0.0
        self._ring = np.zeros(round(4 * self.lag * RATE), np.float32)
        """what was heard, by the time on the clock in samples, modulo its length"""
        self._heard_to: int | None = None
        self._off = 0.0
        """samples that pieces have come late of late; early where negative"""
        self._read = 0

    def hear(self, samples: Floats, heard: float) -> None:
        """Take mono samples at 16 kHz, the first of them heard at ``heard``; called from the thread of the source."""
        frame = self._frame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), "fltp", "mono")
        frame.sample_rate = HEARD_RATE
        pieces = [piece.to_ndarray()[0] for piece in self._resampler.resample(frame)]
        if not pieces:
            return
        fresh = np.concatenate(pieces)[-len(self._ring) :]
        at = round(heard * RATE)
        with self._lock:
            end = self._heard_to
            if end is None or not -SET_BACK * RATE <= at - end <= GAP * RATE:
                gap = len(self._ring) if end is None or at < end else min(at - end, len(self._ring))
                self._off = 0.0
            else:
                self._off += DRIFT * (at - end - self._off)
                at, gap = end, 0
                if abs(self._off) > SLACK * RATE:
                    at, self._off = at + round(self._off), 0.0
                    gap = max(at - end, 0)
            # What is between was not heard and is silent; of what was heard nothing goes but for a clock that was set.
            self._ring[np.arange(at - gap, at) % len(self._ring)] = 0.0
            self._ring[np.arange(at, at + len(fresh)) % len(self._ring)] = fresh
            self._heard_to = at + len(fresh)

    def begin(self, now: float) -> None:
        """See ``LiveSoundtrack``."""
        self._begun = now

    def align(self, delay: float) -> None:
        """See ``LiveSoundtrack``."""
        self._delay = delay

    def leave_out(self, seconds: float) -> None:
        """See ``LiveSoundtrack``."""
        self._left_out += seconds

    def read(self, count: int) -> Floats:
        """See ``Soundtrack``."""
        begun = (self._begun or 0.0) + self._left_out
        with self._lock:
            first = round((begun - self._delay) * RATE) + self._read
            wanted = np.arange(first, first + count)
            heard_to = self._heard_to or first
            there = (wanted < heard_to) & (wanted >= heard_to - len(self._ring))
            samples = np.where(there, self._ring[wanted % len(self._ring)], np.float32(0))
            self._read += count
        return np.broadcast_to(samples, (CHANNELS, count))

    def close(self) -> None:
        """Nothing is open."""

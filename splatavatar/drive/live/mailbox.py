"""The last word of a source: the newest signal wins, nothing queues."""

from __future__ import annotations

import threading
from time import perf_counter

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import Clock

PREDICTION = 0.5
"""share of the last movement that is taken to go on. Two Live Link takes thinned to every second frame, continued half
a frame ahead, with the tracker's noise (0.01) added or not: 0.5 has the least error and roughness of 0, 0.25, 0.5, 0.75
and 1 (a range-of-motion take: error 0.0193 at 0, 0.0165 at 0.5, 0.0181 at 1), or is within 2 % of the least.
"""
LONGEST_STEP = 2.5
"""frames of the source between two signals, beyond which the face may have done anything between them"""


class Mailbox:
    """Keeps the last two signals of one source and says what the face looks like between and after them.

    One thread puts, another looks. Rendering at any rate gets even motion out of a slower source: between two signals
    it is interpolated, after the newest it goes on for one frame of the source at most and then stands.
    """

    def __init__(self, fps: float, clock: Clock = perf_counter) -> None:
        """``clock`` is the one that the signals are timed on."""
        self.fps = fps
        """of the source, nominal; some know it only once they are open"""
        self._clock = clock
        self._lock = threading.Lock()
        self._previous: FaceSignal | None = None
        self._newest: FaceSignal | None = None
        self._arrival = 0.0
        self._count = 0

    def put(self, signal: FaceSignal) -> None:
        """Take a signal. Values that are no numbers stay what they were; a signal whose time is none is dropped. One
        from before the newest starts anew (the clock of the source was set back).
        """
        if not np.isfinite(signal.time):
            return
        now = self._clock()
        with self._lock:
            newest = self._newest
            signal = _finite(signal, newest)
            forward = newest is not None and signal.time > newest.time
            self._previous = newest if forward else None
            self._newest = signal
            self._arrival = now
            self._count += 1

    @property
    def count(self) -> int:
        """Signals taken so far."""
        return self._count

    def at(self, now: float) -> tuple[FaceSignal | None, float]:
        """The face at ``now`` and the seconds since the newest signal was captured.

        None (and an infinite age) before the first signal. The time of the signal returned is the capture time of the
        newest, whatever was read into the time after it; a signal from the future (sound that is computed before it is
        heard) is come up to from the one before it.
        """
        with self._lock:
            previous, newest, arrival = self._previous, self._newest, self._arrival
        if newest is None:
            return None, float("inf")
        age = max(now - newest.time, 0.0)
        if previous is None or previous.confidence <= 0 or newest.confidence <= 0:
            return newest, age
        step, frame = newest.time - previous.time, 1.0 / self.fps
        if step > LONGEST_STEP * frame:
            return newest, age
        if now < newest.time:
            share = max((now - previous.time) / step, 0.0) - 1.0
        else:
            share = PREDICTION * min(max(now - arrival, 0.0), frame) / step
        return _moved(previous, newest, share), age


def _moved(previous: FaceSignal, newest: FaceSignal, share: float) -> FaceSignal:
    """``newest`` moved on by ``share`` of the step from ``previous``; back where negative."""

    def on(before: Floats, now: Floats) -> Floats:
        return np.asarray(now + np.float32(share) * (now - before), np.float32)

    return FaceSignal(
        newest.time,
        np.clip(on(previous.arkit, newest.arkit), 0.0, 1.0),
        on(previous.head_rotation, newest.head_rotation),
        on(previous.head_translation, newest.head_translation),
        # A gaze of zero means none measured: there is no movement between a measured one and none.
        on(previous.gaze, newest.gaze) if previous.gaze.any() and newest.gaze.any() else newest.gaze,
        newest.confidence,
    )


def _finite(signal: FaceSignal, before: FaceSignal | None) -> FaceSignal:
    """``signal`` with the values of ``before``, or 0, where it has none. A confidence that is no number is 0."""

    def kept(values: Floats, old: Floats | None) -> Floats:
        good = np.isfinite(values)
        if good.all():
            return values
        return np.where(good, values, np.float32(0) if old is None else old).astype(np.float32)

    return FaceSignal(
        signal.time,
        kept(signal.arkit, None if before is None else before.arkit),
        kept(signal.head_rotation, None if before is None else before.head_rotation),
        kept(signal.head_translation, None if before is None else before.head_translation),
        kept(signal.gaze, None if before is None else before.gaze),
        signal.confidence if np.isfinite(signal.confidence) else 0.0,
    )

"""Between the loop and a sink: a slot for one picture, so that a slow sink never holds the loop up."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.live.stats import Ages
from splatavatar.drive.sinks.sink import LiveSink, Sink
from splatavatar.drive.sources.source import Clock
from splatavatar.errors import SplatAvatarError
from splatavatar.printable import printable

WAIT = 0.1
"""seconds after which a thread that got nothing looks whether it shall end"""
LONGEST_HOLD = 10.0
"""seconds that a recording holds its last picture for; a longer gap (the machine was asleep) is cut out"""


@dataclass(frozen=True)
class TimedPicture:
    """A rendered frame and when it is of."""

    image: NDArray[np.uint8]
    """(H, W, 3) or (H, W, 4); shared by the sinks, never written to again"""
    time: float
    """the moment that it shows, seconds of the clock of the drive"""
    captured: float | None
    """when the newest signal in it was captured; None where no signal is in it"""


class Slot:
    """Holds the newest picture until it is taken."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._held: tuple[TimedPicture, int] | None = None

    def put(self, picture: TimedPicture, tick: int) -> bool:
        """Whether a picture that nobody has taken was replaced."""
        with self._condition:
            replaced = self._held is not None
            self._held = picture, tick
            self._condition.notify()
        return replaced

    def take(self, timeout: float) -> tuple[TimedPicture, int] | None:
        """The newest picture, waiting ``timeout`` seconds for one."""
        with self._condition:
            if self._held is None:
                self._condition.wait(timeout)
            held, self._held = self._held, None
        return held


class Outlet:
    """Feeds one live sink. Pictures that it is too slow for are dropped."""

    def __init__(self, sink: LiveSink, clock: Clock, window: float) -> None:
        """``window``: seconds that the ages look back."""
        self.name = sink.name
        self.main_thread = sink.main_thread
        self.dropped = 0
        self.ages = Ages(window)
        self.error: SplatAvatarError | None = None
        self._sink = sink
        self._clock = clock
        self._slot = Slot()

    def offer(self, picture: TimedPicture, now: float) -> None:
        """Hand over a picture; returns at once."""
        self.dropped += self._slot.put(picture, 0)

    def serve(self, timeout: float) -> None:
        """Give the sink the next picture. Called by one thread, that of the sink."""
        taken = self._slot.take(timeout)
        if taken is None or self.error is not None:
            return
        picture, now = taken[0], self._clock()
        age = None if picture.captured is None else max(now - picture.captured, 0.0)
        try:
            self._sink.write(picture.image, picture.time, age)
        except SplatAvatarError as error:
            self.error = error
            return
        if picture.captured is not None:
            # After the sink has taken it: what the sink itself needs is part of the age.
            self.ages.see(self._clock(), picture.captured)

    def end(self) -> None:
        """Nothing is left to be done."""

    def close(self) -> None:
        """Close the sink. Raises OutputError."""
        self._sink.close()


class FileOutlet:
    """Feeds one file at a constant frame rate by the clock: frame n shows what the drive showed n frames after the
    start. Pictures between are skipped; where none came in time the last one is repeated.
    """

    main_thread = False

    def __init__(self, name: str, sink: Sink, fps: float) -> None:
        self.name = name
        self.dropped = 0
        self.error: SplatAvatarError | None = None
        self.left_out = 0.0
        """seconds of the clock that are cut out so far"""
        self._sink = sink
        self._fps = fps
        self._slot = Slot()
        self._start = 0.0
        self._last: float | None = None
        self._tick = -1
        self._written = 0
        self._shown: TimedPicture | None = None
        self._ending = threading.Event()

    def offer(self, picture: TimedPicture, now: float) -> None:
        """Hand over a picture rendered at ``now``; returns at once."""
        if self._last is None:
            self._start = now
        elif now < self._last or now > self._last + LONGEST_HOLD:
            self._start += now - self._last
            self.left_out += now - self._last
        self._last = now
        # The loop renders on the ticks of its own rate: rounding errors must not push a picture to the frame before.
        tick = floor((now - self._start) * self._fps + 1e-3)
        if tick > self._tick:
            self._tick = tick
            self.dropped += self._slot.put(picture, tick)

    def serve(self, timeout: float) -> None:
        """Write what is due."""
        taken = self._slot.take(timeout)
        if taken is None or self.error is not None:
            return
        picture, tick = taken
        try:
            while self._shown is not None and self._written < tick and not self._ending.is_set():
                self._write(self._shown)
            self._write(picture)
        except SplatAvatarError as error:
            self.error = error
        self._shown = picture

    def _write(self, picture: TimedPicture) -> None:
        self._sink.write(picture.image)
        self._written += 1

    def end(self) -> None:
        """Write no more repeats than the one that is being written."""
        self._ending.set()

    def close(self) -> None:
        """Finish the file; after an error what was written before is kept. Raises OutputError."""
        if self.error is None:
            self._sink.close()
            return
        try:
            kept = self._sink.keep()
        except SplatAvatarError:
            self._sink.discard()
            return
        if kept.instead is not None:
            text = f"{kept.place}: what was written before; {kept.instead} is the older one"
            logging.getLogger("splatavatar").warning("%s", printable(text))

"""What is still to be said: segments of sound, in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from splatavatar.errors import SignalError
from splatavatar.serve.speech.resampling import Resampler, Samples

LONGEST_WAITING = 600.0
"""seconds of sound that may wait"""
MOST_WAITING = 1000
"""segments that may"""


@dataclass
class Segment:
    """A stretch of speech, such as a sentence: what has come of it and is not said yet."""

    number: int
    closed: bool = False
    """whether all of it has come"""
    said: int = 0
    """samples of it that have been taken"""
    waiting: int = 0
    """samples of it that have not"""
    resampler: Resampler | None = None
    pieces: deque[Samples] = field(default_factory=deque)

    def add(self, samples: Samples) -> None:
        """Have more of it."""
        if len(samples):
            self.pieces.append(samples)
            self.waiting += len(samples)

    def take(self, count: int) -> Samples:
        """The next ``count`` samples, fewer where there are fewer."""
        taken: list[Samples] = []
        while count > 0 and self.pieces:
            piece = self.pieces.popleft()
            if len(piece) > count:
                self.pieces.appendleft(piece[count:])
                piece = piece[:count]
            taken.append(piece)
            count -= len(piece)
        out: Samples = np.concatenate([np.zeros(0, np.int16), *taken])
        self.waiting -= len(out)
        self.said += len(out)
        return out

    def ahead(self, skip: int, count: int) -> Samples:
        """Up to ``count`` samples that wait, those after the first ``skip`` of them; they are not taken."""
        out: list[Samples] = []
        for piece in self.pieces:
            if count <= 0:
                break
            if skip >= len(piece):
                skip -= len(piece)
                continue
            cut = piece[skip : skip + count]
            skip = 0
            count -= len(cut)
            out.append(cut)
        return np.concatenate([np.zeros(0, np.int16), *out])


class Segments:
    """A queue of segments at one rate. Sound goes to the last one while that is open, else to a new one."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._queue: deque[Segment] = deque()
        self._count = 0

    @property
    def waiting(self) -> float:
        """Seconds of sound that have come and are not said."""
        return sum(segment.waiting for segment in self._queue) / self.rate

    @property
    def numbers(self) -> list[int]:
        """Of the segments that are not wholly said."""
        return [segment.number for segment in self._queue]

    @property
    def first(self) -> Segment | None:
        """The segment that is said now or next."""
        return self._queue[0] if self._queue else None

    def push(self, samples: Samples, rate: int) -> int:
        """Add sound of any rate, which may change at any time; the number of its segment.

        Raises SignalError where more than ``LONGEST_WAITING`` or ``MOST_WAITING`` wait, and for a rate that no speech
        has.
        """
        if self.waiting + len(samples) / max(rate, 1) > LONGEST_WAITING:
            raise SignalError(f"more than {LONGEST_WAITING:g} s of speech wait to be said.")
        last = self._queue[-1] if self._queue and not self._queue[-1].closed else None
        if last is None or last.resampler is None or last.resampler.rate != rate:
            resampler = Resampler(rate, self.rate)
            last = self._open()
            if last.resampler is not None:
                last.add(last.resampler.finish())
            last.resampler = resampler
        assert last.resampler is not None
        last.add(last.resampler.push(samples))
        return last.number

    def end(self) -> int:
        """All of the open segment has come; where none is open, one without sound has. Its number.

        Raises as ``push``.
        """
        segment = self._open()
        if segment.resampler is not None:
            segment.add(segment.resampler.finish())
            segment.resampler = None
        segment.closed = True
        return segment.number

    def over(self) -> list[int]:
        """Takes out the segments at the front that are closed and wholly said; their numbers."""
        out: list[int] = []
        while self._queue and self._queue[0].closed and not self._queue[0].waiting:
            out.append(self._queue.popleft().number)
        return out

    def clear(self) -> list[int]:
        """Forget all that was not said, the open segment too; the numbers of those segments."""
        out = self.numbers
        self._queue.clear()
        return out

    def _open(self) -> Segment:
        if not self._queue or self._queue[-1].closed:
            if len(self._queue) >= MOST_WAITING:
                raise SignalError(f"more than {MOST_WAITING} segments of speech wait to be said.")
            self._queue.append(Segment(self._count))
            self._count += 1
        return self._queue[-1]

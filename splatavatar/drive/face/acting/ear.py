"""Sound in pieces of any size, cut into ticks of the clock of the pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from splatavatar.array_types import Floats

RATE = 16000
"""Hz"""
TICK = 160
"""samples of a tick: 10 ms"""
JOIN = 320
"""samples that may lack between two pieces that are one after the other: clocks and resamplers round"""
LONGEST = 600 * RATE
"""samples that may wait; of more the newest is left out"""
STALL = 2 * RATE
"""samples of silence up to which sound that comes after it may have been held up"""
LATE = RATE // 2
"""samples that may wait of sound that was held up"""


class Ear:
    """Knows which sound is heard at each tick, and that there is silence where no sound is."""

    def __init__(self, catches_up: bool = False) -> None:
        """``catches_up``: whether sound may be held up on its way. Where more than half a second of it waits after a
        gap, the oldest is left out, at most as much as the gap was long.
        """
        self._catches_up = catches_up
        self._held_up = 0
        self._new: list[Floats] = []
        self._waiting: deque[Floats] = deque()
        self._waits = 0
        self._end = 0
        """sample of the clock after the last one that waits"""
        self._sounded = -JOIN
        """the same, of the last one that was no silence put in here"""
        self._heard_any = False
        self._at = 0

    def take(self, samples: Floats) -> None:
        """Take sound (N) that begins at the next ``ticks``, or after what waits."""
        piece = np.array(samples, np.float32).reshape(-1)[: max(LONGEST - self._waits, 0)]
        if len(piece):
            self._new.append(np.clip(np.nan_to_num(piece, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0))
            self._waits += len(piece)

    def clear(self) -> None:
        """Forget what was not heard yet."""
        self._new.clear()
        self._waiting.clear()
        self._waits, self._end = 0, self._at
        self._sounded = min(self._sounded, self._end)

    def ticks(self, sample: int, count: int) -> Iterator[Floats | None]:
        """The sound (160) of the next ``count`` ticks, None where all of it is silence; now is ``sample``.

        What was taken since the last call begins now, or goes on where that before it ends.
        """
        if self._new:
            if sample >= self._end and sample - self._sounded > JOIN:
                gap = sample - self._sounded
                self._held_up += gap if self._catches_up and self._heard_any and gap <= STALL else 0
                self._put(np.zeros(sample - self._end, np.float32))
            for piece in self._new:
                self._put(piece)
            self._sounded, self._heard_any = self._end, True
            self._new.clear()
            self._leave_out(min(self._held_up, self._end - sample - LATE))
        for _ in range(count):
            yield self._tick()

    def skip(self, sample: int) -> None:
        """Go on at ``sample`` and leave out what was to be heard before it."""
        self.clear()
        self._at = self._end = sample
        self._sounded = sample - JOIN

    def _put(self, piece: Floats) -> None:
        self._waiting.append(piece)
        self._end += len(piece)

    def _leave_out(self, count: int) -> None:
        """Forget the oldest ``count`` samples that wait."""
        if count <= 0:
            return
        rest = np.concatenate(self._waiting)[count:]
        self._waiting = deque([rest])
        self._waits = len(rest)
        self._held_up -= count
        self._end -= count
        self._sounded -= count

    def _tick(self) -> Floats | None:
        self._at += TICK
        sound, filled = np.zeros(TICK, np.float32), 0
        while self._waiting and filled < TICK:
            piece = self._waiting[0]
            part = piece[: TICK - filled]
            sound[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) < len(piece):
                self._waiting[0] = piece[len(part) :]
            else:
                self._waiting.popleft()
        self._waits = max(self._waits - filled, 0)
        self._end = max(self._end, self._at)
        return sound if filled and sound.any() else None

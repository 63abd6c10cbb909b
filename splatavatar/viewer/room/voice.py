"""What a member says: sound in pieces of 20 ms, each at its time."""

from __future__ import annotations

from collections import deque

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.viewer.room.opus import PACKET, RATE

LONGEST = 120
"""seconds of sound that wait"""
PIECE = PACKET / RATE
LATEST = 0.1
"""seconds that a piece may be late. What came at once after a stall would be played behind the faces for seconds: who
listens keeps what they are sent too much of, and catches up slowly."""


class OwnVoice:
    """Sound on its way to the ears of others. Methods belong to one thread."""

    def __init__(self) -> None:
        self._samples: deque[Floats] = deque()
        self._waiting = 0
        self._at = 0.0

    def say(self, samples: Floats, at: float | None, now: float) -> bool:
        """Add (n,) samples, the first of which is heard at ``at``; None: after those that wait, at once if none do.

        What waits of before is left out where ``at`` is another time than that of its end. Returns False, and takes
        nothing, where too much waits.
        """
        end = self._at + self._waiting / RATE
        if self._waiting + len(samples) > LONGEST * RATE:
            return False
        if self._waiting == 0 or (at is not None and abs(at - end) > PIECE):
            late = self._waiting == 0 and at is None and now - end < PIECE
            self._samples.clear()
            self._waiting = 0
            self._at = end if late else (now if at is None else at)
        self._samples.append(samples)
        self._waiting += len(samples)
        return True

    def due(self, now: float) -> list[tuple[float, Floats]]:
        """The pieces that are over, with the times at which they began; a last one waits for its rest.

        Microphones hand them over no earlier, and who listens reckons with that. Those that are too late are left out.
        """
        pieces = []
        while self._waiting >= PACKET and self._at + PIECE <= now:
            at, piece = self._at, self._piece()
            self._at += PIECE
            if at + PIECE >= now - LATEST:
                pieces.append((at, piece))
        return pieces

    def rest(self, now: float) -> list[tuple[float, Floats]]:
        """The last piece, filled up with silence, once nothing has followed it for a piece's time."""
        if not 0 < self._waiting < PACKET or self._at + 3 * PIECE > now:
            return []
        self._samples.append(np.zeros(PACKET - self._waiting, np.float32))
        self._waiting = PACKET
        return self.due(now)

    def _piece(self) -> Floats:
        taken, missing = [], PACKET
        while missing:
            part = self._samples.popleft()
            if len(part) > missing:
                self._samples.appendleft(part[missing:])
                part = part[:missing]
            taken.append(part)
            missing -= len(part)
        self._waiting -= PACKET
        return np.concatenate(taken)

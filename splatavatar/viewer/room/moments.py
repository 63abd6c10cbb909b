"""The clock of somebody else, as far as what arrives shows it."""

from __future__ import annotations

from collections import deque

WINDOW = 5.0
"""seconds that are looked back on: clocks drift, and lines change"""


class Moments:
    """How much later things arrive than they were, by their own clock: the least of late."""

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()

    def see(self, moment: float, now: float) -> None:
        """Something of ``moment`` of the other clock has arrived at ``now`` of one's own."""
        offset = now - moment
        while self._offsets and self._offsets[-1][1] >= offset:
            self._offsets.pop()
        self._offsets.append((now, offset))
        while self._offsets[0][0] < now - WINDOW:
            self._offsets.popleft()

    def at(self, now: float) -> float | None:
        """The moment of the other clock that arrives at ``now``; None before anything has."""
        return now - self._offsets[0][1] if self._offsets else None

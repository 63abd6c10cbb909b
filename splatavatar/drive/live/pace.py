"""When the next picture is drawn: at an even rate, moved so that a new signal is seen as soon as it is there."""

from __future__ import annotations

LEAST = 0.25
"""periods between two pictures at least"""
EARLIEST = 0.75
"""periods before its time that a picture may be drawn because a signal came"""
LEAD, PULL = 0.25, 0.25
"""periods before its time at which pictures are drawn once the pace is that of the source: room for signals that come
late; and the share of what is beyond it by which the pace gives way"""


class Pace:
    """Times of pictures, ``period`` seconds apart on average at least.

    A camera of 30 frames a second whose signals come in the middle between two of 60 pictures a second would be half a
    period late in every picture, for as long as it runs. A picture that is due soon is drawn at once instead when a
    signal comes, and the ones after it follow a little earlier, until the pictures go with the signals.
    """

    def __init__(self, period: float, now: float) -> None:
        self._period = period
        self._due = self._last = now

    def rest(self, now: float) -> float:
        """Seconds until the next picture is due."""
        return self._due - now

    def early(self, now: float) -> float | None:
        """Seconds until a signal that came at ``now`` may be drawn; None: not before the next picture is due."""
        if self._due - now > EARLIEST * self._period:
            return None
        return max(self._last + LEAST * self._period - now, 0.0)

    def drawn(self, now: float) -> None:
        """A picture is drawn at ``now``. Time that was lost is not made good by more than a period."""
        ahead = max(self._due - now - LEAD * self._period, 0.0)
        self._due = max(self._due + self._period - PULL * ahead, now)
        self._last = now

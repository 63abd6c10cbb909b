"""A sender that says the same thing over and over."""

from __future__ import annotations

from collections.abc import Hashable

FEWEST = 8
"""repetitions, below which nothing is made of them: a slow sender is no frozen one"""


class Repetition:
    """Tells a face that is held from one that has left: some senders then repeat their last packet.

    The noise of a tracker changes some digit of every packet, so nobody who is there holds still for ``seconds``.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._content: Hashable = None
        self._since = 0.0
        self._count = 0

    def __call__(self, content: Hashable, now: float) -> bool:
        """Whether what comes at ``now`` seconds has been the same for too long."""
        if content != self._content:
            self._content, self._since, self._count = content, now, 0
            return False
        self._count += 1
        self._since = min(self._since, now)
        return self._count >= FEWEST and now - self._since >= self._seconds

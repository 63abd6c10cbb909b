"""What came amid speech and is passed on when the speech before it was."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from splatavatar.serve.speech.moment import Moment

T = TypeVar("T")
NEARLY = 0.01
"""seconds by which speech may lack what a resampler holds back"""


class Held(Generic[T]):
    """Things in the order in which they came, each until a place of the speech."""

    def __init__(self) -> None:
        self._things: deque[tuple[T, int, float]] = deque()
        self._over = -1
        self._segment, self._position = -1, 0.0

    def __bool__(self) -> bool:
        return bool(self._things)

    def put(self, thing: T, segment: int, position: float = math.inf) -> None:
        """Hold ``thing`` until ``position`` seconds of a segment have been sent; until it is over where no position is
        given. A segment of -1 is before all speech.
        """
        self._things.append((thing, segment, position))

    def said(self, moment: Moment) -> None:
        """The sound of ``moment`` was sent."""
        if moment.segment is not None:
            self._segment, self._position = moment.segment, moment.position
        self._over = max([self._over, *moment.ended])

    def due(self) -> T | None:
        """Takes out the first of them if its turn has come, else None."""
        if not self._things:
            return None
        thing, segment, position = self._things[0]
        there = segment < self._segment or (segment == self._segment and position <= self._position + NEARLY)
        if not there and segment > self._over:
            return None
        self._things.popleft()
        return thing

    def cut(self, segments: list[int], keep: Callable[[T], bool]) -> list[tuple[T, float]]:
        """Speech of these segments was cut off: takes out all that is held.

        What ``keep`` wants of it comes back in order, each with the seconds of speech that were to be sent before it;
        infinite where its segment had not begun.
        """
        self._over = max([self._over, *segments])
        kept = [
            (thing, position - self._position if segment == self._segment else math.inf)
            for thing, segment, position in self._things
            if keep(thing)
        ]
        self._things.clear()
        return kept

"""The moments of a face as a clock asks for them, their sound a little before their pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment

LEAD = 0.08
"""seconds that sound is sent before its picture is due: what sends it on may be late by that much without a gap"""
PLENTY = 0.25
"""seconds of speech that wait before sound is sent ahead: a voice no faster than speech is not made to stall"""


class Ahead:
    """Asks a face for its moments: one a picture on the whole, some more at once where speech begins.

    A transport plays sound as it comes. What is sent when it is due has a gap wherever something is a little late, and
    what is sent long before cannot be taken back: so a few pictures' time is sent ahead.
    """

    def __init__(self, face: SpeakingFace) -> None:
        self._face = face
        self._most = max(round(LEAD * face.fps), 1)
        self._made: deque[Moment] = deque()

    def made(self) -> Iterator[Moment]:
        """The moments to make before the next picture: the sound of each is sent before the next one is asked for."""
        if not self._made or self._made[-1].sound is not None or self._face.waiting >= PLENTY:
            yield self._next()
        while self._made[-1].sound is not None and len(self._made) <= self._most and self._face.waiting >= PLENTY:
            yield self._next()

    def shown(self) -> Moment | None:
        """The moment whose picture is due; None where an interruption took it away."""
        return self._made.popleft() if self._made else None

    def clear(self) -> list[int]:
        """Interrupt the face; the numbers of the segments that are cut off."""
        self._made.clear()
        return self._face.clear()

    def _next(self) -> Moment:
        moment = self._face.next()
        self._made.append(moment)
        return moment

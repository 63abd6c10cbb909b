"""Who speaks in a session: one after the other, and none of it after an interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from splatavatar.serve.session.refused import Refused
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.resampling import Samples

MOST_WAITING = 30.0
"""seconds of speech that may wait before who sends more is slowed down"""
PATIENCE = 10.0
"""seconds that one waits for another who is sending speech"""
MOST_EXPECTED = 4
"""files of speech that are on their way at a time"""
LOOK = 0.05
"""seconds between two looks whether there is room"""


class Interrupted(Exception):
    """What was being said was cut off meanwhile."""


class Mouth:
    """Lets one at a time send a segment of speech to a face. Methods belong to one event loop."""

    def __init__(self, face: SpeakingFace, came: Callable[[float], None]) -> None:
        """``came`` is told how many seconds of speech waited whenever more of it comes."""
        self._face, self._came = face, came
        self._turn = asyncio.Lock()
        self.waiting = 0
        """how many wait for their turn, or have it, or are still to be received whole"""
        self.expected = 0
        """how many are still to be received whole"""
        self._closed = False

    def close(self) -> None:
        """Nobody speaks any more: who waits for a turn is refused."""
        self._closed = True

    @contextmanager
    def expecting(self) -> Iterator[int]:
        """While speech is on its way that needs no turn before all of it is there; what ``turn`` is then given.

        Raises Refused for too many at once.
        """
        if self.expected >= MOST_EXPECTED:
            raise Refused(429, "Too many files are on their way to this session already.", 1.0)
        self.expected += 1
        self.waiting += 1
        try:
            yield self._face.cleared
        finally:
            self.expected -= 1
            self.waiting -= 1

    @asynccontextmanager
    async def turn(self, since: int | None = None) -> AsyncIterator[Turn]:
        """The right to send a segment, which is over after the block.

        An interruption after who speaks came cuts it off also where it waited; ``since`` tells how many there were
        when it came, as ``expecting`` does, where that was before.
        Raises Refused where somebody else goes on, and where the session has ended.
        """
        came = self._face.cleared if since is None else since
        self.waiting += 1
        try:
            try:
                await asyncio.wait_for(self._turn.acquire(), PATIENCE)
            except asyncio.TimeoutError:
                raise Refused(409, "Somebody else is sending speech to this session.") from None
            turn = Turn(self._face, self._came, came)
            try:
                if self._closed:
                    raise Refused(404, "The session has ended.")
                yield turn
            finally:
                turn.end()
                self._turn.release()
        finally:
            self.waiting -= 1


class Turn:
    """A segment of speech that is being sent."""

    def __init__(self, face: SpeakingFace, came: Callable[[float], None], cleared: int) -> None:
        self._face, self._came, self._cleared = face, came, cleared
        self.segment: int | None = None
        """its number, once some of it has come"""

    async def push(self, samples: Samples, rate: int, channels: int = 1) -> int:
        """Say more of it, as soon as there is room; its number.

        Raises Interrupted where it was cut off meanwhile, SignalError as ``SpeakingFace.push``.
        """
        while self._face.waiting > MOST_WAITING and not self.interrupted:
            await asyncio.sleep(LOOK)
        if self.interrupted:
            raise Interrupted
        self._came(self._face.waiting)
        self.segment = self._face.push(samples, rate, channels)
        return self.segment

    @property
    def interrupted(self) -> bool:
        """Whether it was cut off."""
        return self._face.cleared != self._cleared

    def end(self) -> None:
        """All of it has come."""
        if self.segment is not None and not self.interrupted:
            self._face.end()

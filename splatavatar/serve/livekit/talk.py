"""A talking face at the pace of its pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.renderers.renderer import Picture
from splatavatar.serve.livekit.pace import Pace
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.stage import Stage

MOST_WAITING = 60.0
"""seconds of speech that wait in the face; more of it waits where it comes from"""
LOOK = 0.05
"""seconds between looks whether there is room for more"""


class Shown(NamedTuple):
    """A moment with its picture, where there is a stage."""

    moment: Moment
    picture: Picture | None


class Talk:
    """Moments of a face in real time, and their pictures, drawn in a thread.

    All of its methods are for one event loop.
    """

    def __init__(self, face: SpeakingFace, stage: Stage | None, width: int, height: int) -> None:
        """``stage`` draws; None for a voice without a picture."""
        self.face, self._stage = face, stage
        self._width, self._height = width, height
        self.pace = Pace(face.fps)
        self._open = False  # sound came since the last end
        self._owed = False  # the end of a segment that was cut off may still come

    async def push(self, samples: NDArray[np.generic], rate: int, channels: int) -> int | None:
        """Have the face say more of the open segment: its number; None where an interruption came before.

        Waits while there is much to be said. Raises SignalError for what is no sound.
        """
        self._owed = False
        self._open = True
        cleared = self.face.cleared
        while self.face.waiting > MOST_WAITING:
            await asyncio.sleep(LOOK)
            if self.face.cleared != cleared:
                return None
        return self.face.push(samples, rate, channels)

    def end(self) -> int | None:
        """All of the open segment has come: its number; None where it is the one that an interruption cut off."""
        if self._owed:
            # Its sender closes it all the same. Taken for one without sound it would end the segment after it.
            self._owed = False
            return None
        self._open = False
        return self.face.end()

    def clear(self) -> None:
        """Interrupt: nothing that came before is heard any more."""
        self.face.clear()
        self._owed = self._owed or self._open
        self._open = False

    def is_current(self, moment: Moment) -> bool:
        """Whether a moment is of after the last interruption: else nothing of it is to be heard."""
        return moment.cleared == self.face.cleared

    async def moment(self) -> Moment:
        """The next moment, one a picture, when it is due."""
        await self.pace.wait()
        return self.face.next()

    async def draw(self, moment: Moment) -> Picture | None:
        """Its picture; None without a stage."""
        if self._stage is None:
            return None
        return await asyncio.to_thread(self._stage.draw, moment.signal, self._width, self._height)

    async def moments(self) -> AsyncIterator[Shown]:
        """Moments without end, each with its picture, and as late as that."""
        while True:
            moment = await self.moment()
            yield Shown(moment, await self.draw(moment))

"""A voice in the mouth of a face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.voices.voice import Voice

MOST_WAITING = 20.0
"""seconds of speech that may wait before more of it is made"""
LOOK = 0.05
"""seconds between two looks whether there is room"""


class Speaker(Protocol):
    """Says texts one after the other."""

    @property
    def busy(self) -> bool:
        """Whether something is being said, or waits."""
        ...

    async def say(self, text: str) -> None:
        """Say it; returns when all of it is on its way, or it was cut off. Raises VoiceError, SignalError."""
        ...

    def interrupt(self) -> list[str]:
        """Say nothing more of what is on its way; the texts of which nothing was heard, in order."""
        ...


class FaceSpeaker:
    """Says texts by a face, each a segment."""

    def __init__(self, face: SpeakingFace, voice: Voice, interrupt: Callable[[], list[int]] | None = None) -> None:
        """``interrupt``: what cuts the face off, and what was sent of it, and gives the numbers of the segments as
        ``face.clear`` does, which it is where None."""
        self._face, self._voice = face, voice
        self._interrupt = face.clear if interrupt is None else interrupt
        self._segments: dict[int, str] = {}  # texts by the numbers of their segments, those that are over among them
        self._silent: dict[object, str] = {}  # texts of which no sound has come

    @property
    def busy(self) -> bool:
        """See ``Speaker``."""
        return self._face.speaking or self._face.waiting > 0

    async def say(self, text: str) -> None:
        """See ``Speaker``."""
        if not self.busy:
            self._segments.clear()
        begun, cleared, this = False, self._face.cleared, object()
        self._silent[this] = text
        async with aclosing(self._voice.say(text)) as sound:
            try:
                async for samples, rate in sound:
                    while self._face.waiting > MOST_WAITING:
                        await asyncio.sleep(LOOK)
                    if self._face.cleared != cleared:
                        return
                    number = self._face.push(samples, rate)
                    if not begun:
                        begun = True
                        self._silent.pop(this, None)
                        self._segments[number] = text
            finally:
                self._silent.pop(this, None)
                # What was cut off is over already, and something else may be said.
                if begun and self._face.cleared == cleared:
                    self._face.end()

    def interrupt(self) -> list[str]:
        """See ``Speaker``."""
        speaking = self._face.speaking
        cut = self._interrupt()
        unheard = [self._segments[number] for number in cut[1 if speaking else 0 :] if number in self._segments]
        unheard += self._silent.values()
        self._segments.clear()
        self._silent.clear()
        return unheard

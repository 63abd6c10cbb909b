"""A voice in the mouth of a face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Protocol

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
        """Say it; returns when all of it is on its way. Raises VoiceError, SignalError."""
        ...

    def interrupt(self) -> None:
        """Say nothing more of what is on its way."""
        ...


class FaceSpeaker:
    """Says texts by a face, each a segment."""

    def __init__(self, face: SpeakingFace, voice: Voice, interrupt: Callable[[], Any] | None = None) -> None:
        """``interrupt``: what cuts the face off, and what was sent of it; ``face.clear`` where None."""
        self._face, self._voice = face, voice
        self._interrupt = face.clear if interrupt is None else interrupt

    @property
    def busy(self) -> bool:
        """See ``Speaker``."""
        return self._face.speaking or self._face.waiting > 0

    async def say(self, text: str) -> None:
        """See ``Speaker``."""
        begun, cleared = False, self._face.cleared
        async with aclosing(self._voice.say(text)) as sound:
            try:
                async for samples, rate in sound:
                    while self._face.waiting > MOST_WAITING:
                        await asyncio.sleep(LOOK)
                    self._face.push(samples, rate)
                    begun = True
            finally:
                # The end of what was cut off is nobody's: something else may be said already.
                if begun and self._face.cleared == cleared:
                    self._face.end()

    def interrupt(self) -> None:
        """See ``Speaker``."""
        self._interrupt()

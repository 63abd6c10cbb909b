"""Who speaks when: what is heard is answered, and who is interrupted falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError, SplatAvatarError
from splatavatar.serve.conversation.brain import Brain
from splatavatar.serve.conversation.recogniser import RATE, Recogniser
from splatavatar.serve.conversation.sentences import sentences
from splatavatar.serve.conversation.speaker import Speaker
from splatavatar.serve.conversation.turns import Mark, Turns
from splatavatar.serve.speech.resampling import Resampler, Samples, mono16

UNCLEAR = "I did not understand that."


@dataclass(frozen=True)
class Happened:
    """What happens in a conversation."""

    kind: Literal["listening", "user", "avatar", "interrupted", "failed"]
    text: str = ""
    """what was said, or what went wrong"""


class Conversation:
    """Listens, and has answers said. Its methods belong to one event loop; recognising has a thread of its own."""

    def __init__(
        self,
        brain: Brain,
        speaker: Speaker,
        tell: Callable[[Happened], None],
        recogniser: Recogniser | None = None,
    ) -> None:
        """
        Args:
            brain: finds the answers.
            speaker: says them.
            tell: is told what happens.
            recogniser: understands sound; None where only texts come.
        """
        self._brain, self._speaker, self._tell = brain, speaker, tell
        self._recogniser, self._turns = recogniser, Turns()
        self._resampler: Resampler | None = None
        self._thread = ThreadPoolExecutor(1, "hearing")
        self._hearing: asyncio.Future[None] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._given: list[str] | None = None  # sentences of the brain's answer that is said
        self._closed = False

    def hear(self, samples: NDArray[np.generic], rate: int, channels: int = 1) -> None:
        """Take sound of the user, as it comes. Sound that is none is left out, and what comes after ``close``."""
        if self._recogniser is None or self._closed:
            return
        with suppress(SignalError):
            sound = mono16(samples, channels)
            if self._resampler is None or self._resampler.rate != rate:
                self._resampler = Resampler(rate, RATE)
            loop = asyncio.get_running_loop()
            self._hearing = loop.run_in_executor(
                self._thread, self._understand, self._recogniser, self._resampler.push(sound), loop
            )

    def take(self, said: str) -> None:
        """The user said or wrote this: what is being said ends, and they are answered, unless it is closed."""
        self._begin(partial(self._answer, said), Happened("user", said))

    def interrupt(self) -> None:
        """The avatar falls silent."""
        if self._fall_silent():
            self._tell(Happened("interrupted"))

    @property
    def busy(self) -> bool:
        """Whether something is heard, thought of or said."""
        hearing = self._turns.speaking or (self._hearing is not None and not self._hearing.done())
        return hearing or (self._answering is not None and not self._answering.done()) or self._speaker.busy

    async def close(self) -> None:
        """End it: the avatar falls silent, and says nothing any more."""
        self._closed = True
        self._fall_silent()
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._answering is not None:
            await asyncio.gather(self._answering, return_exceptions=True)

    def _understand(self, recogniser: Recogniser, sound: Samples, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread of the hearing."""
        for part in self._turns.push(sound):
            if part is Mark.BEGINS:
                loop.call_soon_threadsafe(self._begins)
            elif part is Mark.ENDS:
                loop.call_soon_threadsafe(self._understood, recogniser.finish())
            elif not isinstance(part, Mark):
                recogniser.push(part)

    def _begins(self) -> None:
        if self._closed:
            return
        self.interrupt()
        self._tell(Happened("listening"))

    def _understood(self, words: str) -> None:
        if words:
            self.take(words)
        else:
            self._begin(partial(self._say, UNCLEAR))

    def _begin(self, say: Callable[[], Coroutine[Any, Any, None]], first: Happened | None = None) -> None:
        """What is being said ends, ``first`` is told, and ``say`` says something; nothing of it once it is closed."""
        if self._closed:
            return
        self.interrupt()
        if first is not None:
            self._tell(first)
        self._given = None
        self._answering = asyncio.get_running_loop().create_task(self._told(say))

    def _fall_silent(self) -> bool:
        """Whether there was anything to end."""
        answering = self._answering is not None and not self._answering.done()
        if answering and self._answering is not None:
            self._answering.cancel()
        if not answering and not self._speaker.busy:
            return False
        unheard = self._speaker.interrupt()
        if self._given is not None:
            for text in reversed(unheard):
                if self._given and self._given[-1] == text:
                    self._given.pop()
            self._brain.cut(" ".join(self._given))
            self._given = None
        return True

    async def _told(self, say: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await say()
        except SplatAvatarError as error:
            self._tell(Happened("failed", str(error)))

    async def _answer(self, said: str) -> None:
        self._given = given = []
        async with aclosing(self._brain.answer(said)) as pieces:
            async for sentence in sentences(pieces):
                given.append(sentence)
                try:
                    await self._say(sentence)
                except SplatAvatarError:
                    if self._given is given:
                        given.pop()
                        self._brain.cut(" ".join(given))
                    raise

    async def _say(self, sentence: str) -> None:
        self._tell(Happened("avatar", sentence))
        await self._speaker.say(sentence)

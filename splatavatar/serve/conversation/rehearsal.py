"""A conversation with a user who is a voice, too: the whole chain runs by itself, and is measured."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.rig.arkit import INDEX
from splatavatar.serve.conversation.brain import Brain
from splatavatar.serve.conversation.conversation import Conversation, Happened
from splatavatar.serve.conversation.recogniser import RATE, Recogniser
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.resampling import Resampler, Samples
from splatavatar.serve.voices.voice import Voice

FPS, OUT = 25.0, 24000
PIECE = 0.02
"""seconds of sound of the microphone at a time"""
LEAST = 0.5
"""seconds that the avatar speaks before it is interrupted"""
LONGEST = 30.0
"""seconds in which a line has been answered"""
JAW = INDEX["jawOpen"]


@dataclass
class Exchange:
    """One line of the user and what became of it."""

    said: str
    heard: str = ""
    answer: str = ""
    waited: float | None = None
    """seconds from the end of the line until the answer is heard; None where none was"""
    silenced: float | None = None
    """seconds from the beginning of the line until the avatar falls silent, where it interrupts"""
    opened: float = 0.0
    """how far the jaw went"""


@dataclass
class Rehearsal:
    """Says lines to a conversation in real time; one that begins with ``...`` interrupts the answer before it."""

    voice: Voice
    brain: Brain
    tell: Callable[[Happened], None]
    user: Voice | None = None
    """the voice of the user; None: the same"""
    _sound: deque[Samples] = field(default_factory=deque)
    _now: Exchange | None = None
    _ended: float | None = None
    _begun: float | None = None
    _spoken: float = 0.0
    _last: float = 0.0

    async def run(self, lines: Sequence[str]) -> list[Exchange]:
        """What became of each line. Raises VoiceError, DependencyError."""
        face = SpeakingFace(AudioToFace, FPS, OUT, Behaviour())
        recogniser = await asyncio.to_thread(Recogniser)
        conversation = Conversation(self.brain, FaceSpeaker(face, self.voice), self._happened, recogniser)
        running = [asyncio.create_task(self._listen(conversation)), asyncio.create_task(self._show(face))]
        try:
            return [await self._exchange(line, conversation) for line in lines]
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await conversation.close()

    async def _exchange(self, line: str, conversation: Conversation) -> Exchange:
        interrupts = line.startswith("...")
        sound = await self._said(line.lstrip(". "))
        deadline = perf_counter() + LONGEST
        while (self._spoken < LEAST if interrupts else conversation.busy) and perf_counter() < deadline:
            await asyncio.sleep(PIECE)
        self._now = exchange = Exchange(line.lstrip(". "))
        self._ended = None
        begun = perf_counter()
        size = round(PIECE * RATE)
        self._sound.extend(sound[n : n + size] for n in range(0, len(sound), size))
        while self._ended is None or (exchange.waited is None and perf_counter() < deadline):
            await asyncio.sleep(PIECE)
            if interrupts and exchange.silenced is None and perf_counter() - self._last > 2 / FPS:
                exchange.silenced = self._last - begun
        return exchange

    async def _said(self, line: str) -> Samples:
        """The line as the user says it, at 16 kHz, without the silence that voices add."""
        pieces: list[Samples] = []
        resampler: Resampler | None = None
        async with aclosing((self.user or self.voice).say(line)) as sound:
            async for samples, rate in sound:
                resampler = resampler or Resampler(rate, RATE)
                pieces.append(resampler.push(samples))
        if resampler is not None:
            pieces.append(resampler.finish())
        whole = np.concatenate([np.zeros(0, np.int16), *pieces])
        loud = np.flatnonzero(np.abs(whole) > 200)
        return whole[loud[0] : loud[-1] + 1] if len(loud) else whole

    async def _listen(self, conversation: Conversation) -> None:
        """The microphone: the line where there is one, else silence."""
        silence = np.zeros(round(PIECE * RATE), np.int16)
        due = perf_counter()
        while True:
            if self._sound:
                conversation.hear(self._sound.popleft(), RATE)
                if not self._sound:
                    self._ended, self._begun = perf_counter(), None
            else:
                conversation.hear(silence, RATE)
            due += PIECE
            await asyncio.sleep(max(due - perf_counter(), 0))

    async def _show(self, face: SpeakingFace) -> None:
        """The clock of the pictures, and the loudspeaker."""
        due = perf_counter()
        while True:
            moment = face.next()
            if moment.sound is not None:
                self._spoken = 0.0 if moment.begins else self._spoken + len(moment.sound) / OUT
                self._last = perf_counter()
                self._note(float(moment.signal.arkit[JAW]))
            due += 1 / FPS
            await asyncio.sleep(max(due - perf_counter(), 0))

    def _note(self, jaw: float) -> None:
        exchange = self._now
        if exchange is None or self._ended is None or not exchange.heard:
            return
        exchange.opened = max(exchange.opened, jaw)
        if exchange.waited is None:
            exchange.waited = perf_counter() - self._ended

    def _happened(self, what: Happened) -> None:
        self.tell(what)
        if self._now is None:
            return
        if what.kind == "user":
            self._now.heard = what.text
        elif what.kind == "avatar":
            self._now.answer = f"{self._now.answer} {what.text}".strip()

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.voice import VoiceError

RATE = 24000


class Buzz:
    """A voice that says every text in a second, and takes a while to fall silent."""

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        try:
            for _ in range(10):
                yield np.full(RATE // 10, 3000, np.int16), RATE
                await asyncio.sleep(0.01)
        finally:
            await asyncio.sleep(0.03)


class Gone:
    """A voice that fails."""

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        raise VoiceError("the voice is gone.")
        yield  # a generator all the same


def test_the_end_of_what_was_cut_off_does_not_end_what_is_said_next() -> None:
    face = SpeakingFace(AudioToFace, 25.0, RATE)
    speaker = FaceSpeaker(face, Buzz())

    async def run() -> None:
        first = asyncio.create_task(speaker.say("first"))
        await asyncio.sleep(0.03)
        speaker.interrupt()
        first.cancel()
        await speaker.say("second")
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(run())
    moments = [face.next() for _ in range(50)]
    assert {moment.segment for moment in moments if moment.sound is not None} == {1}
    assert [number for moment in moments for number in moment.ended] == [1]


def test_an_interruption_tells_what_nobody_heard() -> None:
    face = SpeakingFace(AudioToFace, 25.0, RATE)
    speaker = FaceSpeaker(face, Buzz())

    async def run() -> list[list[str]]:
        for text in ("one", "two", "three"):  # a second each
            await speaker.say(text)
        for _ in range(35):
            face.next()
        making = asyncio.create_task(speaker.say("four"))
        await asyncio.sleep(0)
        heard = [speaker.interrupt()]
        making.cancel()
        await speaker.say("five")
        heard.append(speaker.interrupt())
        await speaker.say("six")
        for _ in range(5):
            face.next()
        heard.append(speaker.interrupt())
        await asyncio.gather(making, return_exceptions=True)
        return heard

    assert asyncio.run(run()) == [["three", "four"], ["five"], []]


def test_a_text_that_a_voice_fails_to_say_is_forgotten() -> None:
    face = SpeakingFace(AudioToFace, 25.0, RATE)
    speaker = FaceSpeaker(face, Gone())

    async def run() -> None:
        with pytest.raises(VoiceError):
            await speaker.say("one")
        assert speaker.interrupt() == []

    asyncio.run(run())


def test_a_text_that_is_cut_off_elsewhere_is_over() -> None:
    face = SpeakingFace(AudioToFace, 25.0, RATE)
    speaker = FaceSpeaker(face, Buzz())

    async def run() -> None:
        saying = asyncio.create_task(speaker.say("one"))
        await asyncio.sleep(0.03)
        assert face.clear() == [0]
        await saying
        assert not speaker.busy

    asyncio.run(run())
    assert all(face.next().sound is None for _ in range(30))

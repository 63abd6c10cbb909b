from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.serve.conversation.speaker import FaceSpeaker
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.resampling import Samples

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

"""Avatar workers of a few lines: one that does as LiveKit asks, and some that do not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarOptions, VideoGenerator

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.serve.conformance.agent import GeneratorWorker
from splatavatar.serve.speech.face import SpeakingFace

SIZE, FPS, RATE = 64, 25, 24000
OPTIONS = AvatarOptions(SIZE, SIZE, FPS, RATE, 1)


class PlainGenerator(VideoGenerator):
    """Grey pictures, and the sound of a face."""

    def __init__(self) -> None:
        self.face = SpeakingFace(AudioToFace, FPS, RATE)
        self.runner: Any = None
        self._gates: deque[asyncio.Event] = deque()

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Take sound, or the end of a segment: what follows is taken when that is over."""
        if isinstance(frame, AudioSegmentEnd):
            self.face.end()
            gate = asyncio.Event()
            self._gates.append(gate)
            await gate.wait()
        else:
            self.face.push(np.frombuffer(frame.data, np.int16), frame.sample_rate, frame.num_channels)

    async def clear_buffer(self) -> None:
        """Interrupt."""
        self.face.clear()
        while self._gates:
            self._gates.popleft().set()
        await self.runner.av_sync.clear_queue()

    async def __aiter__(self) -> AsyncIterator[Any]:
        picture = rtc.VideoFrame(SIZE, SIZE, rtc.VideoBufferType.RGB24, bytes(3 * SIZE * SIZE))
        while True:
            moment = self.face.next()
            yield picture
            if moment.sound is not None and moment.cleared == self.face.cleared:
                yield rtc.AudioFrame(moment.sound.tobytes(), RATE, 1, len(moment.sound))
            for _ in moment.ended:
                if moment.cleared == self.face.cleared:
                    yield AudioSegmentEnd()
                    if self._gates:
                        self._gates.popleft().set()
            await asyncio.sleep(0)


async def plain(room: Any, kind: type[PlainGenerator] = PlainGenerator) -> GeneratorWorker:
    """A worker of that generator."""
    generator = kind()
    worker = await GeneratorWorker.start(room, generator, OPTIONS)
    generator.runner = worker.runner
    return worker

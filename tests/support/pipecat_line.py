"""A pipeline of Pipecat that ends in a loudspeaker and a screen, and remembers what they were given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from splatavatar.serve.speech.resampling import Samples


@dataclass
class Heard:
    """What came out at the end, each with its time in seconds."""

    sound: list[tuple[float, Samples]] = field(default_factory=list)
    pictures: list[tuple[float, bytes, tuple[int, int]]] = field(default_factory=list)
    messages: list[tuple[float, Any]] = field(default_factory=list)
    frames: list[tuple[float, Frame]] = field(default_factory=list)
    back: list[tuple[float, Frame]] = field(default_factory=list)

    def samples(self, since: float = 0.0) -> Samples:
        return np.concatenate([np.zeros(0, np.int16), *(sound for time, sound in self.sound if time >= since)])

    async def until(self, there: Callable[[Heard], bool]) -> None:
        """Waits for something to be heard."""
        while not there(self):
            await asyncio.sleep(0.005)

    def times(self, kind: type[Frame]) -> list[float]:
        return [time for time, frame in self.frames if isinstance(frame, kind)]


Told = Callable[[PipelineWorker, Heard], Awaitable[None]]
"""queues frames, and may wait for what is heard"""


class Room(BaseOutputTransport):
    """A transport that takes sound as fast as it is heard, as those of networks and loudspeakers do."""

    def __init__(self, heard: Heard, params: TransportParams) -> None:
        super().__init__(params)
        self._heard, self._free = heard, 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self._heard.sound.append((perf_counter(), np.frombuffer(frame.audio, np.int16)))
        self._free = max(self._free, perf_counter()) + frame.num_frames / frame.sample_rate
        await asyncio.sleep(self._free - perf_counter())
        return True

    async def write_video_frame(self, frame: OutputImageRawFrame) -> bool:
        self._heard.pictures.append((perf_counter(), frame.image, frame.size))
        return True

    async def send_message(self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame) -> None:
        self._heard.messages.append((perf_counter(), frame.message))


class Post(FrameProcessor):
    """Remembers what passes it."""

    def __init__(self, passed: list[tuple[float, Frame]], direction: FrameDirection) -> None:
        super().__init__()
        self._passed, self._direction = passed, direction

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction == self._direction:
            self._passed.append((perf_counter(), frame))
        await self.push_frame(frame, direction)


async def run_line(
    service: FrameProcessor, tell: Told, rate: int = 24000, fps: int = 25, size: tuple[int, int] = (64, 64)
) -> Heard:
    """What is heard and seen while ``tell`` queues frames; then the pipeline ends by itself."""
    heard = Heard()
    params = TransportParams(
        audio_out_enabled=True,
        audio_out_end_silence_secs=0,
        video_out_enabled=True,
        video_out_is_live=True,
        video_out_framerate=fps,
        video_out_width=size[0],
        video_out_height=size[1],
    )
    before, after = Post(heard.back, FrameDirection.UPSTREAM), Post(heard.frames, FrameDirection.DOWNSTREAM)
    line = Pipeline([before, service, after, Room(heard, params)])
    worker = PipelineWorker(
        line, cancel_on_idle_timeout=False, enable_rtvi=False, params=PipelineParams(audio_out_sample_rate=rate)
    )
    started = asyncio.Event()

    async def has_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    worker.add_event_handler("on_pipeline_started", has_started)

    async def told() -> None:
        await started.wait()
        await tell(worker, heard)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), told())
    return heard

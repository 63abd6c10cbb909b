"""A voice agent that speaks into a worker and writes down what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.serve.conformance.quiet_room import quiet_room
from splatavatar.serve.conformance.recorder import Recorder

Samples = NDArray[np.int16]
PIECE = 0.02
"""seconds of the pieces in which sound is pushed"""


class Worker(Protocol):
    """A worker under test, which has begun."""

    output: Any
    """a ``livekit.agents`` ``AudioOutput``, into which an agent speaks"""

    async def aclose(self) -> None:
        """End it."""
        ...


WorkerMaker = Callable[[Any], Awaitable[Worker]]
"""starts a worker in a room"""


class GeneratorWorker:
    """The worker that LiveKit's own ``AvatarRunner`` and ``QueueAudioOutput`` make of a ``VideoGenerator``."""

    def __init__(self, output: Any, runner: Any) -> None:
        self.output, self.runner = output, runner

    @staticmethod
    async def start(room: Any, generator: Any, options: Any) -> GeneratorWorker:
        """``options`` are LiveKit's ``AvatarOptions``."""
        from livekit.agents.voice.avatar import AvatarRunner, QueueAudioOutput

        output = QueueAudioOutput(wait_playback_start=True)
        runner = AvatarRunner(room, audio_recv=output, video_gen=generator, options=options)
        await runner.start()
        return GeneratorWorker(output, runner)

    async def aclose(self) -> None:
        """End it."""
        await self.runner.aclose()


@dataclass(frozen=True)
class Told:
    """An event of the worker."""

    at: float
    kind: str
    """started or finished"""
    position: float = 0.0
    interrupted: bool = False


@dataclass
class Agent:
    """See the module. ``enter`` makes one."""

    worker: Worker
    room: Any
    recorder: Recorder
    told: list[Told] = field(default_factory=list)

    @staticmethod
    async def enter(make: WorkerMaker, pictures: bool = False) -> Agent:
        """Start a worker in an empty room and listen to it; ``pictures``: keep those too."""
        room = quiet_room()
        recorder = Recorder(pictures)
        recorder.attach()
        try:
            worker = await make(room)
        except BaseException:
            recorder.detach()
            raise
        agent = Agent(worker, room, recorder)
        worker.output.on("playback_started", agent._started)
        worker.output.on("playback_finished", agent._finished)
        return agent

    def _started(self, event: Any) -> None:
        self.told.append(Told(perf_counter(), "started"))

    def _finished(self, event: Any) -> None:
        self.told.append(Told(perf_counter(), "finished", event.playback_position, event.interrupted))

    @property
    def finished(self) -> list[Told]:
        """The ends of segments that were told."""
        return [event for event in self.told if event.kind == "finished"]

    async def say(self, samples: Samples, rate: int) -> None:
        """Push sound in small pieces, as fast as they are taken."""
        from livekit import rtc

        step = max(round(PIECE * rate), 1)
        for at in range(0, len(samples), step):
            piece = samples[at : at + step]
            frame = rtc.AudioFrame(piece.tobytes(), rate, 1, len(piece))
            await self.worker.output.capture_frame(frame)

    def end(self) -> None:
        """All of the segment was pushed."""
        self.worker.output.flush()

    def clear(self) -> None:
        """Interrupt."""
        self.worker.output.clear_buffer()

    async def playout(self, seconds: float) -> bool:
        """Whether what was pushed is over within that time."""
        try:
            await asyncio.wait_for(self.worker.output.wait_for_playout(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    async def leave(self, seconds: float = 5.0) -> bool:
        """Leave the room; whether the worker ends within that time."""
        try:
            await asyncio.wait_for(self.worker.aclose(), seconds)
        except asyncio.TimeoutError:
            return False
        finally:
            self.recorder.detach()
        return True

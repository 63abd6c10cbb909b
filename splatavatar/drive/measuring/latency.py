"""How old a picture is when it is shown, measured from end to end: real sources, the real loop, a sink that is done at
once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.drive.face.channels import VOICE
from splatavatar.drive.live.loop import DEFAULT_CAP, Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.drive.sources.live.video_source import VideoCamera
from splatavatar.drive.sources.live.voice import FPS, RATE, Voice, own_model, sound_of
from splatavatar.drive.sources.source import Clock, Emit, Source
from splatavatar.drive.sources.thread import Thread

SECONDS = 10.0
WARM_UP = 2.0
"""seconds that do not count"""
BLOCK = 0.01
"""seconds of sound that a microphone hands over at a time"""


@dataclass(frozen=True)
class LatencyResult:
    """Ages at the sink in milliseconds; see ``Stats``."""

    source: str
    width: int
    height: int
    device: str
    """what draws"""
    seconds: float
    """measured, the warm-up not among them"""
    source_fps: float
    render_fps: float
    age_p50: float
    age_p95: float
    latency_p50: float
    latency_p95: float
    dropped: int


class NullScreen:
    """A live sink that shows nothing, at once."""

    name = "null"
    main_thread = False

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class PacedVoice:
    """The sound of a file as a microphone hands it over: in blocks, each when its last sample has been heard."""

    channels = VOICE
    fps = FPS

    def __init__(self, path: str | Path) -> None:
        """Raises SourceError for a file without sound."""
        self.name = f"voice of {Path(path).name}"
        self.ended = False
        self._samples = sound_of(path)
        self._thread: Thread | None = None

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. Raises DependencyError without onnxruntime."""
        voice = Voice(own_model())
        self._thread = Thread(self.name, lambda stopping: self._play(voice, emit, clock, stopping))

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _play(self, voice: Voice, emit: Emit, clock: Clock, stopping: threading.Event) -> None:
        start, block = clock(), round(BLOCK * RATE)
        for at in range(0, len(self._samples), block):
            samples = self._samples[at : at + block]
            if stopping.wait(max(start + (at + len(samples)) / RATE - clock(), 0.0)):
                return
            for signal in voice.hear(samples, start + at / RATE):
                emit(signal)
        self.ended = True


def measure_latency(
    avatar: Avatar,
    width: int = 512,
    height: int = 512,
    video: str | Path | None = None,
    audio: str | Path | None = None,
    seconds: float = SECONDS,
    cap: float | None = DEFAULT_CAP,
    renderer: Renderer | None = None,
) -> LatencyResult:
    """Drive ``avatar`` for ``seconds`` (less where a file ends before) and measure.

    ``video`` is played as a camera, tracking and all; ``audio`` is heard as by a microphone; without either the
    built-in motion comes in at 30 signals a second. ``cap``: most pictures a second, None for as many as there can be.
    ``renderer`` is what draws ``avatar``, see ``open_renderer``; the CPU where none is given.

    Raises:
        SourceError, DependencyError: the source cannot be opened.
    """
    sources: list[Source] = []
    if video is not None:
        sources.append(VideoCamera(video))
    if audio is not None:
        sources.append(PacedVoice(audio))
    if not sources:
        sources.append(RecordingSource(moving_signal(), "built-in motion", loop=True))
    return _measure(renderer or open_renderer(avatar), sources, width, height, seconds, cap)


def _measure(
    renderer: Renderer, sources: Sequence[Source], width: int, height: int, seconds: float, cap: float | None
) -> LatencyResult:
    settings = LoopSettings((width, height), cap=cap, window=seconds)
    loop = Loop(Performer(renderer.avatar, renderer=renderer), sources, [NullScreen()], settings)
    loop.prepare()
    timer = threading.Timer(WARM_UP + seconds, loop.controls.stop)
    timer.daemon = True
    timer.start()
    try:
        stats = loop.run()
    finally:
        timer.cancel()
    return LatencyResult(
        " + ".join(source.name for source in sources),
        width,
        height,
        renderer.device,
        seconds,
        next(iter(stats.source_fps.values())),
        stats.render_fps,
        stats.age_p50,
        stats.age_p95,
        stats.latency_p50,
        stats.latency_p95,
        sum(stats.dropped.values()),
    )

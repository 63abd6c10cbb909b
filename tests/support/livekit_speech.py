"""Speech as an agent of LiveKit hands it on."""

from __future__ import annotations

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent, PlaybackStartedEvent

from splatavatar.serve.speech.resampling import Samples

RATE = 24000


def speech(seconds: float, rate: int = RATE, level: int = 8000) -> Samples:
    """A buzz of 140 Hz with syllables, nowhere silent."""
    t = np.arange(round(seconds * rate)) / rate
    buzz = np.where(np.sin(2 * np.pi * 140 * t) >= 0, 1.0, -1.0) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
    return np.asarray(np.rint(level * buzz), np.int16)


def frames(samples: Samples, rate: int = RATE, seconds: float = 0.1) -> list[rtc.AudioFrame]:
    """Frames of that length."""
    step = round(seconds * rate)
    cut = [samples[begin : begin + step] for begin in range(0, len(samples), step)]
    return [rtc.AudioFrame(piece.tobytes(), rate, 1, len(piece)) for piece in cut]


async def say(output: AudioOutput, samples: Samples, rate: int = RATE, end: bool = True) -> None:
    """A segment, as fast as it is taken."""
    for frame in frames(samples, rate):
        await output.capture_frame(frame)
    if end:
        output.flush()


class Events:
    """What an output reports of playing, in order."""

    def __init__(self, output: AudioOutput) -> None:
        self.all: list[tuple[str, float, bool]] = []
        output.on("playback_started", self._started)
        output.on("playback_finished", self._finished)

    def _started(self, event: PlaybackStartedEvent) -> None:
        self.all.append(("started", 0.0, False))

    def _finished(self, event: PlaybackFinishedEvent) -> None:
        self.all.append(("finished", round(event.playback_position, 6), event.interrupted))

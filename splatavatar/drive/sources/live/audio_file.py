"""The sound of a file, at the pace at which it is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.channels import VOICE
from splatavatar.drive.sources.live.voice import FPS, PIECE, RATE, AudioModel, ModelMaker, own_model, sound_of, spoken
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread

NAP = 0.01
"""seconds after which the clock is looked at again"""
EARLY = 1.0 / FPS + NAP
"""seconds before its time that a signal is sent: with the one after it, the lips can be drawn for any moment"""
AHEAD = 1.0
"""seconds by which the model hears the sound before it is due"""


class AudioFile:
    """The face for the sound of a file; its time 0 is when the source starts, ``origin`` on the clock."""

    channels = VOICE
    fps = FPS

    def __init__(self, path: str | Path, model: ModelMaker = own_model) -> None:
        self.path = Path(path)
        self.name = f"audio {self.path.name}"
        self.ended = False
        self.origin: float | None = None
        self._make = model
        self._thread: Thread | None = None
        self.listeners: list[Callable[[Floats, float], None]] = []
        """take every block of mono samples at 16 kHz before it is heard, and when the first of them will be"""

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. Raises SourceError for a file without sound."""
        samples, model = sound_of(self.path), self._make()
        model.reset()
        self.ended = False
        origin = self.origin = clock()
        self._thread = Thread(self.name, lambda stopping: self._play(samples, model, origin, emit, clock, stopping))

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _play(
        self, samples: Floats, model: AudioModel, origin: float, emit: Emit, clock: Clock, stopping: threading.Event
    ) -> None:
        length = len(samples) / RATE
        padded = np.concatenate([samples, np.zeros(RATE, np.float32)])
        at = 0
        while not stopping.is_set() and at < len(padded):
            if at / RATE > clock() - origin + AHEAD:
                stopping.wait(NAP)
                continue
            for listener in self.listeners:
                listener(padded[at : at + PIECE], origin + at / RATE)
            times, arkit = model.push(padded[at : at + PIECE])
            at += PIECE
            for time, row in zip(times, arkit, strict=True):
                if time > length or not _reached(origin + time - EARLY, clock, stopping):
                    break
                emit(spoken(origin + float(time), row))
        if _reached(origin + length, clock, stopping):
            self.ended = True


def _reached(due: float, clock: Clock, stopping: threading.Event) -> bool:
    """Wait until ``due``; whether that was before the end was asked for."""
    while not stopping.is_set() and (ahead := due - clock()) > 0:
        stopping.wait(min(ahead, NAP))
    return not stopping.is_set()

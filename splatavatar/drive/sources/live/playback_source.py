"""A recording that is played as if it came in live."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from splatavatar.drive.face.channels import FACE
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread

NAP = 0.01
"""seconds after which the clock is looked at again"""


class RecordingSource:
    """Emits every frame of ``recording`` when it is due, once or, with ``loop``, again and again."""

    def __init__(
        self, recording: Recording, name: str = "recording", loop: bool = False, channels: frozenset[str] = FACE
    ) -> None:
        self.name = name
        self.fps = recording.fps
        self.channels = channels
        self.ended = False
        self._recording = recording
        self._loop = loop
        self._thread: Thread | None = None

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. The first frame is due at once."""
        self.ended = False
        self._thread = Thread(self.name, lambda stopping: self._play(emit, clock, stopping))

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _play(self, emit: Emit, clock: Clock, stopping: threading.Event) -> None:
        times = self._recording.time
        length = float(times[-1]) + 1.0 / self.fps
        start, index = clock(), 0
        while not stopping.is_set():
            if index == len(times):
                if not self._loop:
                    break
                start, index = start + length, 0
            due = start + float(times[index])
            now = clock()
            if now < due:
                stopping.wait(min(due - now, NAP))
                continue
            # Of several that are due, only the newest.
            index = max(index, int(np.searchsorted(times, now - start, side="right")) - 1)
            frame = self._recording.frame(index)
            emit(replace(frame, time=start + frame.time))
            index += 1
        while not stopping.is_set() and clock() < start + length:
            stopping.wait(NAP)
        self.ended = not stopping.is_set()

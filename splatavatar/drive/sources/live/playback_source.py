"""A recording that is played as if it came in live."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np

from splatavatar.drive.face.channels import FACE
from splatavatar.drive.live.mailbox import LONGEST_STEP
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread

NAP = 0.01
"""seconds after which the clock is looked at again"""


class RecordingSource:
    """Emits every frame of ``recording`` when it is due, once or, with ``loop``, again and again.

    Where frames are missing the one before them is emitted again, so that the face is held.
    """

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
        start, index, held = clock(), 0, None
        while not stopping.is_set():
            if index == len(times):
                if not self._loop:
                    break
                start, index, held = start + length, 0, None
            due = start + float(times[index])
            now = clock()
            if now < due:
                missed = 0 if held is None else math.floor((now - held.time) * self.fps)
                if held is not None and missed and times[index] - times[index - 1] > LONGEST_STEP / self.fps:
                    held = replace(held, time=held.time + missed / self.fps)
                    emit(held)
                stopping.wait(min(due - now, NAP))
                continue
            # Of several that are due, only the newest.
            index = max(index, int(np.searchsorted(times, now - start, side="right")) - 1)
            frame = self._recording.frame(index)
            held = replace(frame, time=start + frame.time)
            emit(held)
            index += 1
        while not stopping.is_set() and clock() < start + length:
            stopping.wait(NAP)
        self.ended = not stopping.is_set()

"""A source of signals that emits at a set rate."""

from __future__ import annotations

import threading
from collections.abc import Callable

from splatavatar.drive.face.channels import FACE
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import Clock


class Clip:
    """Emits the built-in motion at its own pace, then ends."""

    channels = FACE

    def __init__(self, seconds: float, fps: float = 30.0, spoil: Callable[[int, FaceSignal], FaceSignal] | None = None):
        self.name, self.fps, self.ended = "clip", fps, False
        self._recording = moving_signal(seconds, fps)
        self._spoil = spoil or (lambda n, signal: signal)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Callable[[FaceSignal], None], clock: Clock) -> None:
        def work() -> None:
            begun = clock()
            for n in range(len(self._recording)):
                if self._stopping.wait(max(begun + n / self.fps - clock(), 0)):
                    return
                frame = self._recording.frame(n)
                values = (frame.arkit, frame.head_rotation, frame.head_translation, frame.gaze)
                emit(self._spoil(n, FaceSignal(clock(), *values, 1.0)))
            self.ended = True

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

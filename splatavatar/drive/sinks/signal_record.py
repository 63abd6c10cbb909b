"""The driven face as a signal file, to be played again."""

from __future__ import annotations

from math import floor
from pathlib import Path

import numpy as np

from splatavatar.drive.signal import FaceSignal, Recording
from splatavatar.drive.sinks.outlet import LONGEST_HOLD
from splatavatar.drive.sinks.signals.write import kind_of, write_recording
from splatavatar.drive.sinks.sink import prepare_folder
from splatavatar.rig.arkit import NAMES

WIDTHS = (len(NAMES), 3, 3, 4, 1)
"""numbers of the parts of a signal: coefficients, head rotation, head translation, gaze, confidence"""
BLOCK = 1024
"""frames that memory is taken for at a time"""


class SignalRecord:
    """Keeps one signal a frame of a constant frame rate; 4 bytes x 63 a frame, 27 MB an hour at 30 a second."""

    def __init__(self, path: Path, fps: float) -> None:
        """Raises OutputError for a suffix that no recording has or a folder that cannot be written."""
        kind_of(path)
        prepare_folder(path)
        self._path = path
        self._fps = fps
        self._blocks: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
        self._ticks: list[int] = []
        self._start = 0.0
        self._last: float | None = None

    def take(self, signal: FaceSignal, now: float) -> None:
        """Keep ``signal`` as the one of ``now`` unless that frame has one.

        A clock that goes back goes on from here, and a longer gap than films hold is cut out as they do.
        """
        if self._last is None:
            self._start = now
        elif now < self._last or now > self._last + LONGEST_HOLD:
            self._start += now - self._last
        self._last = now
        tick = floor((now - self._start) * self._fps + 1e-3)
        if self._ticks and tick <= self._ticks[-1]:
            return
        row = len(self._ticks) % BLOCK
        if row == 0:
            self._blocks.append(np.empty((BLOCK, sum(WIDTHS)), np.float32))
        parts = (signal.arkit, signal.head_rotation, signal.head_translation, signal.gaze.ravel(), [signal.confidence])
        np.concatenate(parts, out=self._blocks[-1][row], casting="unsafe")
        self._ticks.append(tick)

    def close(self) -> None:
        """Write the file; without a signal nothing is written. Raises OutputError."""
        if not self._ticks:
            return
        kept = np.concatenate(self._blocks)[: len(self._ticks)]
        arkit, rotation, translation, gaze, confidence = np.split(kept, np.cumsum(WIDTHS)[:-1], axis=1)
        ticks = np.array(self._ticks, np.float64)
        write_recording(
            self._path,
            Recording(
                (ticks - ticks[0]) / self._fps,
                arkit,
                rotation,
                translation,
                gaze.reshape(-1, 2, 2),
                confidence[:, 0],
                self._fps,
            ),
        )

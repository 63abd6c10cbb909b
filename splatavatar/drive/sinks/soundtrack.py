"""The sound of a written video: the one that drove the avatar."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Protocol

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.sounds import Sound

RATE = 48000
"""Hz of every soundtrack"""
CHANNELS = 2


class Soundtrack(Protocol):
    """Samples of one video, handed out in order from the time of its first frame."""

    lag: float
    """seconds after which the samples of a moment can be read; 0 for a file"""

    def read(self, count: int) -> Floats:
        """Reads the next samples (2, n) at 48 kHz, in [-1, 1]; n < ``count`` only where there are no more."""

    def close(self) -> None:
        """Let go of the file; may be called again."""


class FileSound:
    """The first audio track of a file that can be decoded, as it is: stereo and at 48 kHz."""

    lag = 0.0

    def __init__(self, path: str | Path, start: float = 0.0) -> None:
        """``start``: seconds from the beginning of the file at which the written video begins.

        A track that begins later begins with silence, what is before ``start`` is cut. Raises SignalError for a file
        that cannot be read or has no sound.
        """
        self._sound = Sound(path, CHANNELS, RATE, start)
        self._pieces: deque[Floats] = deque()
        self._held = 0
        self._decoded = self._sound.pieces()

    def read(self, count: int) -> Floats:
        """Reads the next samples (2, n); n < ``count`` at the end of the file."""
        while self._held < count:
            piece = next(self._decoded, None)
            if piece is None:
                break
            self._pieces.append(piece)
            self._held += piece.shape[1]
        taken, missing = [np.zeros((CHANNELS, 0), np.float32)], min(count, self._held)
        self._held -= missing
        while missing > 0:
            piece = self._pieces.popleft()
            if piece.shape[1] > missing:
                self._pieces.appendleft(piece[:, missing:])
                piece = piece[:, :missing]
            taken.append(piece)
            missing -= piece.shape[1]
        return np.concatenate(taken, axis=1)

    def close(self) -> None:
        """Close the file."""
        self._decoded.close()
        self._sound.close()

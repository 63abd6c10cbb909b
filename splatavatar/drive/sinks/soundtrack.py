"""The sound of a written video: the one that drove the avatar."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError

Floats = NDArray[np.float32]

RATE = 48000
"""Hz of every soundtrack"""
CHANNELS = 2
GAP = 0.02
"""seconds that the timestamps of a file may be off its samples before silence is put in"""


class Soundtrack(Protocol):
    """Samples of one video, handed out in order from the time of its first frame."""

    lag: float
    """seconds after which the samples of a moment can be read; 0 for a file"""

    def read(self, count: int) -> Floats:
        """(2, n) the next samples at 48 kHz, in [-1, 1]; n < ``count`` only where there are no more."""

    def close(self) -> None:
        """Let go of the file; may be called again."""


class FileSound:
    """The first audio track of a file, as it is: stereo and at 48 kHz."""

    lag = 0.0

    def __init__(self, path: str | Path, start: float = 0.0) -> None:
        """``start``: seconds on the file's own timeline at which the written video begins.

        A track that begins later begins with silence, what is before ``start`` is cut. Raises SignalError for a file
        that cannot be read or has no sound.
        """
        import av

        path = Path(path)
        if not path.is_file():
            raise SignalError(f"{path}: no such file, expected audio or a video with sound.")
        try:
            self._container: Any = av.open(str(path))
        except (OSError, av.FFmpegError) as error:
            raise SignalError(f"{path}: its sound cannot be decoded: {error}.") from error
        if not self._container.streams.audio:
            self._container.close()
            raise SignalError(f"{path}: no audio track in it.")
        self._start = start
        self._pieces: deque[Floats] = deque()
        self._held = 0
        self._decoded = self._decode()

    def read(self, count: int) -> Floats:
        """(2, n) the next samples; n < ``count`` at the end of the file."""
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
        self._container.close()

    def _decode(self) -> Generator[Floats, None, None]:
        """The samples from ``start`` on, in pieces. A damaged file ends where it cannot be read on."""
        import av

        # One channel becomes two of the same loudness; the resampler would make each 3 dB quieter.
        mono = self._container.streams.audio[0].channels == 1
        resampler = av.AudioResampler(format="fltp", layout="mono" if mono else "stereo", rate=RATE)
        due: float | None = None
        cut = 0
        try:
            for frame in self._container.decode(self._container.streams.audio[0]):
                at = due if frame.time is None and due is not None else float(frame.time or 0.0)
                if due is None:
                    cut = round((self._start - at) * RATE)
                    if cut < 0:
                        yield np.zeros((CHANNELS, -cut), np.float32)
                        cut = 0
                elif at > due + GAP:
                    yield np.zeros((CHANNELS, round((at - due) * RATE)), np.float32)
                else:
                    at = due
                due = at + frame.samples / frame.sample_rate
                # The resampler counts samples itself; timestamps that jump would make it say so on every frame.
                frame.pts = None
                for piece in resampler.resample(frame):
                    samples = piece.to_ndarray()
                    yield np.broadcast_to(samples, (CHANNELS, samples.shape[1]))[:, cut:]
                    cut = max(cut - samples.shape[1], 0)
            if due is not None:
                for piece in resampler.resample(None):
                    samples = piece.to_ndarray()
                    yield np.broadcast_to(samples, (CHANNELS, samples.shape[1]))[:, cut:]
        except (OSError, av.FFmpegError):
            return

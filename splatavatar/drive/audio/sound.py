"""Samples of sound: checked, or read from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError

Floats = NDArray[np.float32]

RATE = 16000
"""Hz that every model of speech here takes"""


def checked_samples(samples: NDArray[np.generic], rate: int = RATE) -> Floats:
    """Mono samples as float32 in [-1, 1]: floats as they are, int16 divided by 32768.

    Raises SignalError for another rate, for anything that is not one channel, and for numbers that are not finite.
    """
    if rate != RATE:
        raise SignalError(f"audio at {rate} Hz, expected {RATE} Hz mono; resample it first.")
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise SignalError(f"audio of shape {samples.shape}, expected one channel (N).")
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / np.float32(32768.0)
    if samples.dtype.kind != "f":
        raise SignalError(f"audio samples of type {samples.dtype}, expected float32 in [-1, 1] or int16.")
    converted = samples.astype(np.float32)
    if not np.isfinite(converted).all():
        raise SignalError(f"audio with {int((~np.isfinite(converted)).sum())} samples that are not finite numbers.")
    return converted


def read_audio(path: str | Path) -> Floats:
    """(N) samples at 16 kHz, all channels mixed, of the first audio track of any file that FFmpeg reads.

    The first sample is at the time 0 of the file: an audio track that starts later begins with silence, of one that
    starts earlier the beginning is cut. Raises SignalError for a file that cannot be read or has no sound.
    """
    import av

    path = Path(path)
    if not path.is_file():
        raise SignalError(f"{path}: no such file, expected audio or a video with sound.")
    pieces: list[Floats] = []
    start: float | None = None
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise SignalError(f"{path}: no audio track in it.")
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
            for frame in container.decode(container.streams.audio[0]):
                if start is None:
                    start = float(frame.time or 0.0)
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            if pieces:
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (OSError, av.FFmpegError) as error:
        raise SignalError(f"{path}: its sound cannot be decoded: {error}.") from error
    if not pieces or start is None:
        raise SignalError(f"{path}: an audio track without samples.")
    samples = np.concatenate(pieces)
    shift = round(start * RATE)
    if shift > 0:
        return np.concatenate([np.zeros(shift, np.float32), samples])
    return np.ascontiguousarray(samples[-shift:], np.float32)

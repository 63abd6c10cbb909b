"""Samples of sound: checked, or read from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.errors import SignalError
from splatavatar.sounds import Sound

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
    """Decodes (N) samples at 16 kHz, all channels mixed, of the first audio track that can be decoded of any file.

    The first sample is at the beginning of the file: an audio track that starts later begins with silence. Raises
    SignalError for a file that cannot be read or has no sound.
    """
    sound = Sound(path, 1, RATE)
    try:
        pieces = [piece[0] for piece in sound.pieces()]
    finally:
        sound.close()
    samples = np.concatenate([np.zeros(0, np.float32), *pieces])
    if not len(samples):
        raise SignalError(f"{path}: an audio track without samples.")
    return samples

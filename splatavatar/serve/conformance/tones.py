"""Sounds that tell of which segment they are, whatever a worker does to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.serve.conformance.recorder import SILENT

Samples = NDArray[np.int16]
LOWEST, STEP, COUNT = 300.0, 60.0, 24
"""Hz of the first tone and between two, and how many there are"""
LOUDNESS = 6000
FOREIGN = 0.15
"""share of the amplitude of its own tone that another one may have in a window: its edges spread"""
WINDOW = 0.04
"""seconds in which a tone is told from its neighbours"""


def frequency(segment: int) -> float:
    """Hz of the tone of a segment; segments that are near in time have tones that lie far from one another."""
    return LOWEST + STEP * (segment * 7 % COUNT)


def tone(segment: int, seconds: float, rate: int, begin: float = 0.0) -> Samples:
    """A stretch of the tone of a segment, from ``begin`` seconds of it on."""
    t = begin + np.arange(round(seconds * rate)) / rate
    return np.asarray(LOUDNESS * np.sin(2 * np.pi * frequency(segment) * t), np.int16)


def amplitudes(samples: Samples, rate: int) -> NDArray[np.float64]:
    """The amplitude (COUNT) of each tone in a piece of sound."""
    t = np.arange(len(samples)) / rate
    window = np.hanning(len(samples) + 2)[1:-1]
    hertz = LOWEST + STEP * np.arange(COUNT)
    waves = np.exp(-2j * np.pi * hertz[:, None] * t)
    return np.asarray(2 * np.abs(waves @ (window * samples)) / window.sum(), np.float64)


def segment_of(samples: Samples, rate: int) -> int | None:
    """Which of the tones (0 to COUNT - 1, in the order of ``frequency``'s steps) is heard; None for silence."""
    if not len(samples) or np.abs(samples).max() < SILENT:
        return None
    return int(np.argmax(amplitudes(samples, rate)))


def slot(segment: int) -> int:
    """The tone of a segment, as ``segment_of`` counts them."""
    return segment * 7 % COUNT

"""Log-mel features of speech, the same values whether the samples come at once or in pieces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats

RATE = 16000
"""Hz"""
HOP = 160
"""samples between frames: 10 ms"""
WINDOW = 400
"""samples of a frame: 25 ms"""
FFT = 512
BANDS = 40
LOWEST, HIGHEST = 60.0, 7600.0
"""Hz"""
SIZE = BANDS + 1
"""values of a frame: the bands, then the loudness"""

FLOOR = 1e-10
"""power added to every band, of full scale: digital silence is -100 dB"""
RANGE = 50.0
"""dB below the level of the voice, under which a band counts as silent"""
UNIT = 20.0
"""dB that make 1 in a feature"""

LEVEL_START, LEVEL_LOWEST = -30.0, -55.0
"""dB of full scale: the level of a voice before any was heard; and of the faintest that counts as one"""
ATTACK, DECAY = 0.15, 0.015
"""share of the way up per frame; dB down per frame"""
SEARCH, SETTLE = 0.1, 150.0
"""further dB down per frame at first, and frames in which that falls to 1/e: finds the level of a quiet voice"""
ACTIVE = 20.0
"""dB below the level, above which a frame counts as speech and shapes the mean spectrum"""
MEMORY, PRIOR = 400, 50
"""frames that the mean spectrum remembers; frames that the prior is worth"""


def mel_filters() -> Floats:
    """The triangles (FFT // 2 + 1, BANDS), evenly spaced on the mel scale of O'Shaughnessy, each summing to one."""
    edges = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2)
    bins = _mel(np.arange(FFT // 2 + 1, dtype=np.float64) * (RATE / FFT))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(np.minimum(rising, falling), 0.0)
    return np.asarray(filters / filters.sum(0), np.float32)


def _mel(frequency: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(frequency, np.float64) / 700.0))


FILTERS = mel_filters()
HANN = np.asarray(np.hanning(WINDOW + 1)[:-1], np.float32)
# The mean spectrum of a voice relative to its level, before any was heard: flat to 500 Hz, then 6 dB an octave down.
CENTRES = 700.0 * (10.0 ** (np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2)[1:-1] / 2595.0) - 1.0)
TILT = np.asarray(-12.0 - 20.0 * np.log10(np.maximum(CENTRES / 500.0, 1.0)), np.float32)


class LogMel:
    """Frames of (BANDS) dB of full scale per band from a stream of samples.

    Frame n covers the samples from 160 n to 160 n + 400.
    """

    def __init__(self) -> None:
        self._rest = np.empty(0, np.float32)

    def push(self, samples: Floats) -> Floats:
        """The levels (N, BANDS), dB, of the frames that ``samples`` (any number, float32 in [-1, 1]) completes."""
        samples = np.concatenate([self._rest, samples])
        count = max((len(samples) - WINDOW) // HOP + 1, 0)
        frames = np.empty((count, BANDS), np.float32)
        for n in range(count):  # one at a time: a product of matrices rounds differently with the number of rows
            spectrum = np.fft.rfft(samples[n * HOP : n * HOP + WINDOW] * HANN, FFT)
            power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * np.float32(16.0 / WINDOW**2)
            frames[n] = 10.0 * np.log10(power @ FILTERS + FLOOR)
        self._rest = samples[count * HOP :]
        return frames


class VoiceNormaliser:
    """Takes the level and the mean spectrum of the voice out of log-mel frames, causally.

    Without it a quiet voice, a dull microphone or a telephone would look like another phoneme.
    """

    def __init__(self) -> None:
        self._level = LEVEL_START
        self._mean = TILT.copy()
        self._heard = PRIOR
        self._search = SEARCH

    def push(self, frames: Floats) -> Floats:
        """The features (N, SIZE) of frames (N, BANDS) in dB."""
        features = np.empty((len(frames), SIZE), np.float32)
        for n, frame in enumerate(frames):
            loudness = 10.0 * float(np.log10(np.mean(10.0 ** (frame * np.float32(0.1)))))
            if loudness > self._level:
                self._level += ATTACK * (loudness - self._level)
            else:
                self._level = max(self._level - DECAY - self._search, LEVEL_LOWEST)
            self._search *= float(np.exp(-1.0 / SETTLE))
            relative = np.maximum(frame - np.float32(self._level), np.float32(-RANGE))
            if loudness > self._level - ACTIVE:
                self._heard = min(self._heard + 1, MEMORY)
                self._mean += (relative - self._mean) * np.float32(1.0 / self._heard)
            features[n, :BANDS] = (relative - self._mean) * np.float32(1.0 / UNIT)
            features[n, BANDS] = max(loudness - self._level, -RANGE) / UNIT
        return features


class Features:
    """Features of speech from a stream of samples: ``LogMel``, then ``VoiceNormaliser``."""

    def __init__(self) -> None:
        self._mel, self._normaliser = LogMel(), VoiceNormaliser()

    def push(self, samples: Floats) -> Floats:
        """The features (N, SIZE) of the frames that ``samples`` completes."""
        return self._normaliser.push(self._mel.push(samples))

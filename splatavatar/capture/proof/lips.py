"""Whether a face speaks what is heard: the chin moves with the loudness of speech, at the time of the sound.

The way of the chin from the tip of the nose is held against the loudness between 500 and 2,000 Hz, where an open mouth
lets most through, both without what changes slowly. They must agree where the sound is as the film has it, and less
where it is moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.capture.faces.landmarks import Landmarks

RATE = 16000
"""Hz of sound"""
PACE = 50
"""of both curves, a second"""
NOSE, CHIN, EYES = 1, 152, (33, 263)
"""of MediaPipe's points"""
BAND = (500.0, 2000.0)
"""Hz"""
FAST, SLOW = 0.10, 2.0
"""seconds: what changes faster is noise, what changes slower is how somebody holds their head or speaks up"""
SLACK = 0.08
"""seconds by which picture and sound may be apart"""
APART, FARTHEST = 0.5, 2.0
"""seconds by which sound is moved that must agree less"""
SPAN = 9.0
"""seconds in which it can be told; a shorter sentence is looked at with what is before and after it"""
SEEN = 0.8
"""share of the frames in which the face must be found"""
AGREES, MORE = 0.3, 0.1
"""correlation from which on they move together, and by how much less they do where the sound is moved"""


@dataclass(frozen=True)
class Agreement:
    """How much chin and sound agree."""

    here: float
    """correlation where the sound is as the film has it"""
    elsewhere: float
    """the largest correlation where the sound is moved by half a second or more; -1 where none of it is"""

    @property
    def speaks(self) -> bool:
        """Whether the face speaks what is heard."""
        return self.here >= AGREES and self.here >= self.elsewhere + MORE


def agreement(landmarks: Landmarks, samples: Floats, begins: float, ends: float) -> Agreement | None:
    """How much the face moves with ``samples`` (n), the sound of the film at 16 kHz, from ``begins`` to ``ends``.

    None where the film is too short, or the face is not seen in most of these seconds.
    """
    length = min(float(landmarks.time[-1]), len(samples) / RATE)
    begins, ends = _widened(begins, ends, length)
    inside = (landmarks.time >= begins) & (landmarks.time <= ends)
    # Of a film that is baked in parts there are landmarks of these parts alone.
    if ends - begins < SPAN or landmarks.time[0] > begins or landmarks.found[inside].mean() < SEEN:
        return None
    chin, loudness = _moving(_chin(landmarks, ends + SLOW)), _moving(_loudness(samples))
    first, last = round(begins * PACE), min(round(ends * PACE), len(chin))
    slack, apart, farthest = (round(seconds * PACE) for seconds in (SLACK, APART, FARTHEST))
    found = {lag: _correlation(chin[first:last], loudness, first + lag) for lag in range(-farthest, farthest + 1)}
    here = max(value for lag, value in found.items() if abs(lag) <= slack)
    return Agreement(here, max((value for lag, value in found.items() if abs(lag) >= apart), default=-1.0))


def _widened(begins: float, ends: float, length: float) -> tuple[float, float]:
    """The span, with as much before and after it in a film of ``length`` seconds as makes it ``SPAN`` long."""
    missing = max(SPAN + 1e-3 - (ends - begins), 0.0)
    begins = max(begins - missing / 2, 0.0)
    ends = min(max(begins + SPAN + 1e-3, ends), length)
    return max(min(begins, ends - SPAN - 1e-3), 0.0), ends


def _chin(landmarks: Landmarks, until: float) -> Doubles:
    """The way from nose to chin, of the eye span, (n) at ``PACE`` from the first frame; a line where none was found."""
    found = landmarks.found
    nose, chin, right, left = np.moveaxis(landmarks.of(NOSE, CHIN, *EYES), 1, 0)
    way, eyes = np.linalg.norm(nose - chin, axis=1), np.linalg.norm(right - left, axis=1)
    times = np.arange(0.0, min(until, landmarks.time[-1]), 1 / PACE)
    return np.asarray(np.interp(times, landmarks.time[found], way / np.maximum(eyes, 1e-6)), np.float64)


def _loudness(samples: Floats) -> Doubles:
    """The amplitude of what is heard in ``BAND``, (n) at ``PACE``."""
    step = RATE // PACE
    count = len(samples) // step
    padded = np.pad(samples.astype(np.float64), step)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 3 * step)[::step][:count] if count else np.zeros((0, 3))
    spectrum = np.abs(np.fft.rfft(pieces * np.hanning(pieces.shape[1]), axis=1)) ** 2
    frequencies = np.fft.rfftfreq(pieces.shape[1], 1 / RATE)
    heard = (frequencies >= BAND[0]) & (frequencies <= BAND[1])
    return np.asarray(np.sqrt(spectrum[:, heard].sum(1)), np.float64)


def _moving(curve: Doubles) -> Doubles:
    """What is neither faster than ``FAST`` nor slower than ``SLOW``."""
    return _smooth(curve, FAST) - _smooth(curve, SLOW)


def _smooth(curve: Doubles, seconds: float) -> Doubles:
    count = max(round(seconds * PACE), 1)
    kernel = np.hanning(count + 2)[1:-1]
    padded = np.pad(curve, count, mode="edge") if len(curve) else np.zeros(2 * count)
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), "same")[count : count + len(curve)], np.float64)


def _correlation(curve: NDArray[np.float64], other: NDArray[np.float64], first: int) -> float:
    """Of ``curve`` with as much of ``other`` from ``first`` on; -1 where that does not lie within it."""
    if first < 0 or first + len(curve) > len(other):
        return -1.0
    one, two = curve - curve.mean(), other[first : first + len(curve)]
    two = two - two.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / size if size > 0 else -1.0

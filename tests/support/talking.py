"""Landmarks of a face that speaks what is heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.rig.arkit import NAMES

RATE, FPS = 16000, 25
"""samples and pictures a second"""


def talking(samples: NDArray[np.float32], late: float = 0.0) -> Landmarks:
    """A face whose chin moves with the amplitude of ``samples`` (n), ``late`` seconds later, and trembles a little."""
    step = RATE // FPS
    count = len(samples) // step
    opening = np.sqrt((samples[: count * step].reshape(count, step) ** 2).mean(1))
    opening = np.convolve(np.roll(opening, round(late * FPS)), [0.25, 0.5, 0.25], "same")
    tremble = np.random.default_rng(0).normal(size=count) * 0.1 * opening.std()
    points = np.zeros((count, 478, 3), np.float32)
    points[:, 33, 0], points[:, 263, 0] = -50, 50
    points[:, 152, 1] = 90 + 20 * (opening + tremble) / max(float(opening.max()), 1e-9)
    return Landmarks(
        time=np.arange(count) / FPS,
        found=np.ones(count, bool),
        points=points + 200,
        scores=np.zeros((count, len(NAMES)), np.float32),
        transform=np.tile(np.eye(4, dtype=np.float32), (count, 1, 1)),
        faces=np.ones(count, np.int32),
        sharpness=np.full(count, 100, np.float32),
        brightness=np.full(count, 0.5, np.float32),
        width=400,
        height=400,
    )


def babble(seconds: float, seed: int) -> NDArray[np.float32]:
    """Noise (n) at 16 kHz that comes in syllables of chance."""
    generator = np.random.default_rng(seed)
    marks = np.cumsum(generator.uniform(0.1, 0.5, round(10 * seconds)))
    level = np.interp(np.arange(round(seconds * RATE)) / RATE, marks, generator.uniform(0, 1, len(marks)) ** 2)
    return (0.3 * level * generator.normal(size=len(level))).astype(np.float32)

"""Sound that has what speech has: a pitch that falls, syllables, phrases and pauses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16000
SYLLABLE = 0.2
"""seconds"""


def tone(pitch: float, seconds: float, loud: float = 0.3) -> NDArray[np.float32]:
    """Twelve harmonics of ``pitch`` Hz, whose root mean square is ``loud``."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * n * pitch * t) / n for n in range(1, 13))
    return np.asarray(loud * sound / np.sqrt(np.mean(sound**2)), np.float32)


def phrase(seconds: float, seed: int = 0, pitch: float = 130.0, loud: float = 0.1) -> NDArray[np.float32]:
    """A phrase of syllables of 0.2 s, every third stressed: louder and higher; the pitch falls towards its end."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    t = np.arange(count) / RATE
    syllable = np.minimum((t / SYLLABLE).astype(int), int(seconds / SYLLABLE))
    stressed = syllable % 3 == 1
    height = pitch * 2 ** ((3.0 * stressed - 5.0 * t / seconds + rng.normal(0, 0.3, syllable.max() + 1)[syllable]) / 12)
    angle = 2 * np.pi * np.cumsum(height) / RATE
    sound = sum(np.sin(n * angle) / n for n in range(1, 9))
    envelope = (0.15 + 0.85 * np.sin(np.pi * (t % SYLLABLE) / SYLLABLE) ** 2) * np.where(stressed, 2.0, 1.0)
    return np.asarray(loud * sound * envelope, np.float32)


def talk(phrases: int, seconds: float = 2.0, pause: float = 0.5, seed: int = 0) -> NDArray[np.float32]:
    """Phrases of ``seconds``, each followed by ``pause`` seconds of silence."""
    rest = np.zeros(round(pause * RATE), np.float32)
    return np.concatenate([np.concatenate([phrase(seconds, seed + n), rest]) for n in range(phrases)])

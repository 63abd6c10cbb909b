"""A face that moves: the built-in signal of the benchmark and of the sample in ``data/signals``.

Ten motions over six seconds, each a smooth function of time, so every frame differs from the one before: syllables on
the jaw and lips, three blinks, a smile, raised brows, glances, and a head that turns 20 degrees to both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

Samples = NDArray[np.float64]

SECONDS = 6.0
BLINKS = (0.9, 2.8, 4.7)
# (time, half-width, opening, rounding) of each syllable, seconds
SYLLABLES = (
    (0.35, 0.12, 0.40, 0.1),
    (0.60, 0.11, 0.55, 0.0),
    (0.86, 0.13, 0.30, 0.8),
    (1.30, 0.12, 0.35, 0.9),
    (1.55, 0.10, 0.45, 0.3),
    (1.80, 0.14, 0.60, 0.0),
    (2.30, 0.12, 0.35, 0.2),
    (2.52, 0.10, 0.50, 0.1),
    (2.78, 0.14, 0.30, 1.0),
    (4.05, 0.12, 0.45, 0.0),
    (4.30, 0.12, 0.35, 0.6),
    (4.56, 0.12, 0.55, 0.1),
    (4.85, 0.16, 0.65, 0.0),
)


def moving_signal(seconds: float = SECONDS, fps: float = 30.0) -> Recording:
    """Makes ``seconds`` of the motion at ``fps``; after six seconds it repeats."""
    T = max(1, round(seconds * fps))
    time = np.arange(T) / fps
    t = time % SECONDS
    opening = sum((height * _bump(t, centre, width) for centre, width, height, _ in SYLLABLES), np.zeros(T))
    rounding = sum((round_ * _bump(t, centre, width) for centre, width, _, round_ in SYLLABLES), np.zeros(T))
    smile = 0.75 * _plateau(t, 2.95, 3.35, 3.95, 4.35) + 0.15 * _plateau(t, 0.1, 0.5, 5.4, 5.9)
    brows = 0.7 * _plateau(t, 1.15, 1.35, 1.75, 2.05) + 0.5 * _plateau(t, 4.6, 4.8, 5.1, 5.4)
    blink = np.clip(sum((_bump(t, centre, 0.11) for centre in BLINKS), np.zeros(T)), 0, 1)
    glance = 0.5 * _plateau(t, 5.0, 5.1, 5.5, 5.6)
    coefficients = {
        "jawOpen": opening,
        "mouthLowerDownLeft": 0.35 * opening,
        "mouthLowerDownRight": 0.35 * opening,
        "mouthUpperUpLeft": 0.2 * opening,
        "mouthUpperUpRight": 0.2 * opening,
        "mouthFunnel": 0.5 * rounding,
        "mouthPucker": 0.35 * rounding,
        "mouthStretchLeft": 0.2 * opening * (1 - rounding),
        "mouthStretchRight": 0.2 * opening * (1 - rounding),
        "mouthSmileLeft": smile,
        "mouthSmileRight": 0.94 * smile,
        "cheekSquintLeft": 0.5 * smile,
        "cheekSquintRight": 0.5 * smile,
        "eyeSquintLeft": 0.3 * smile,
        "eyeSquintRight": 0.3 * smile,
        "browInnerUp": brows,
        "browOuterUpLeft": 0.8 * brows,
        "browOuterUpRight": 0.7 * brows,
        "eyeWideLeft": 0.3 * brows,
        "eyeWideRight": 0.3 * brows,
        "eyeBlinkLeft": blink,
        "eyeBlinkRight": blink,
        "eyeLookOutLeft": glance,
        "eyeLookInRight": glance,
    }
    arkit = np.zeros((T, len(NAMES)), np.float32)
    for name, values in coefficients.items():
        arkit[:, NAMES.index(name)] = np.clip(values, 0, 1)
    yaw = np.radians(20.0) * np.sin(2 * np.pi * t / SECONDS)
    pitch = np.radians(5.0) * np.sin(4 * np.pi * t / SECONDS) * np.sin(2 * np.pi * t / SECONDS)
    roll = np.radians(4.0) * np.sin(2 * np.pi * t / SECONDS) ** 3
    return Recording(
        time=time,
        arkit=arkit,
        head_rotation=axis_angle_from_yaw_pitch_roll(yaw, pitch, roll).astype(np.float32),
        head_translation=np.zeros((T, 3), np.float32),
        gaze=np.zeros((T, 2, 2), np.float32),
        confidence=np.ones(T, np.float32),
        fps=float(fps),
    )


def _bump(t: Samples, centre: float, width: float) -> Samples:
    return np.asarray(np.where(np.abs(t - centre) < width, np.cos(np.pi / 2 * (t - centre) / width) ** 2, 0.0))


def _plateau(t: Samples, start: float, full: float, end: float, gone: float) -> Samples:
    ramp = np.interp(t, [start, full, end, gone], [0.0, 1.0, 1.0, 0.0])
    return ramp * ramp * (3 - 2 * ramp)

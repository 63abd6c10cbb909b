"""Glasses: two rims, a bridge and two temples, as curves with a thickness."""

from __future__ import annotations

import numpy as np

from made_person.surface import Array

WIDE, HIGH = 0.0245, 0.0205
"""half sizes of a rim, metres"""


def rim(eye: Array, side: float) -> Array:
    """The closed outline (N, 3) before the eye at ``eye`` (3), which is the left one's."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    power = 0.72
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * WIDE
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * HIGH
    wrap = -0.20 * (x + WIDE) - 6.0 * np.clip(x, 0, None) ** 2
    return np.stack([side * (eye[0] + 0.002 + x), eye[1] - 0.002 + y, eye[2] + 0.0265 + wrap], 1)


def frame(eye: Array, ear: Array) -> list[tuple[Array, bool, float]]:
    """Outlines, whether each is closed, and its radius in metres; ``ear`` (3) is where a temple rests."""
    left, right = rim(eye, 1.0), rim(eye, -1.0)
    inner = left[np.abs(left[:, 0]).argmin()]
    lift = np.array([0, 0.004, 0])
    inner = inner + lift
    bridge = np.array([inner, inner * [0, 1, 1] + [0, 0.0035, 0.003], inner * [-1, 1, 1]])
    out: list[tuple[Array, bool, float]] = [(left, True, 1.5e-3), (right, True, 1.5e-3), (bridge, False, 1.4e-3)]
    hinge = left[left[:, 0].argmax()] + [0.001, 0.006, -0.001]
    bend, hook = np.array([0.006, 0, -0.012]), np.array([-0.002, -0.022, -0.022])
    for side in (1.0, -1.0):
        path = np.array([hinge, hinge + bend, ear, ear + hook])
        out.append((path * [side, 1, 1], False, 1.3e-3))
    return out

"""Earrings: from each lobe a wire, and on it a drop of stone."""

from __future__ import annotations

import numpy as np

from made_person.surface import Array

WIRE, DROP = 0.014, 0.016
"""lengths, metres"""


def hung(lobe: Array) -> tuple[list[Array], list[Array]]:
    """Paths of both wires and of both drops; ``lobe`` (3) is the lowest point of the left ear."""
    hole = lobe + [0.001, 0.002, 0.001]
    end = hole - [0, WIRE, 0]
    wire = np.array([hole + [0, 0.002, -0.002], hole + [0.001, 0.002, 0.002], (hole + end) / 2 + [0, 0, 0.001], end])
    drop = np.linspace(end, end - [0, DROP, 0], 12)
    sides = ([1, 1, 1], [-1, 1, 1])
    return [wire * side for side in sides], [drop * side for side in sides]

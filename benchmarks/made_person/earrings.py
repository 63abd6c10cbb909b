"""Earrings: from each lobe a wire, and on it a drop of stone."""

from __future__ import annotations

import numpy as np

from made_person.surface import Array

WIRE, DROP = 0.014, 0.016
"""lengths, metres"""


def hung(lobe: Array) -> tuple[list[Array], list[Array]]:
    """Paths of both wires and of both drops; ``lobe`` (3) is the lowest point of the left ear."""
    hole = lobe + np.array([0.001, 0.002, 0.001])
    hook = np.array([[0, 0.002, -0.002], [0.001, 0.002, 0.002], [0, -WIRE / 2, 0.001], [0, -WIRE, 0]])
    wire = hole + hook
    drop = np.linspace(wire[-1], wire[-1] - [0, DROP, 0], 12)
    sides = ([1, 1, 1], [-1, 1, 1])
    return [wire * side for side in sides], [drop * side for side in sides]

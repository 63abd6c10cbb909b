"""The teeth that VHAP (Qian 2024) gives FLAME's template, which heads of GaussianAvatars are made on.

Between two rings of vertices on the lips, 15 each from one corner of the mouth to the other, lies a middle line. Rows
of 15 vertices are that line at one height, moved up, down and back by multiples of the mean distance of the rings. A
strip between two rows has 14 squares; the diagonals of one half are the mirror image of the other's. The numbers here
are facts about those files: Gaussians name the triangles by their place in this list.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Ints

VERTICES, TRIANGLES = 120, 168
"""that follow those of FLAME"""
UPPER_LIP = (1713, 1715, 1716, 1735, 1696, 1694, 1657, 3543, 2774, 2811, 2813, 2850, 2833, 2832, 2830)
LOWER_LIP = (1576, 1577, 1773, 1774, 1795, 1802, 1865, 3503, 2948, 2905, 2898, 2881, 2880, 2713, 2712)
BACK = 1.5
"""mean distances of the lips by which all teeth lie behind the middle line"""
UPPER_ROOT, LOWER_ROOT, UPPER_EDGE, LOWER_EDGE, UPPER_ROOT_BACK, UPPER_EDGE_BACK, LOWER_ROOT_BACK, LOWER_EDGE_BACK = (
    range(8)
)
ROWS = ((2.1, 0.0), (-2.1, 0.4), (0.1, 0.0), (-0.1, 0.4), (2.1, 1.0), (0.1, 1.0), (-2.1, 1.4), (-0.1, 1.4))
"""of each row, in their order: up, and further back, in mean distances of the lips"""
LOWER_ROWS = (LOWER_ROOT, LOWER_EDGE, LOWER_ROOT_BACK, LOWER_EDGE_BACK)
"""which move with the jaw; the others move with the head"""
STRIPS = (
    (UPPER_ROOT, UPPER_EDGE, False, True),
    (UPPER_ROOT_BACK, UPPER_EDGE_BACK, True, True),
    (UPPER_EDGE_BACK, UPPER_EDGE, True, False),
    (LOWER_EDGE, LOWER_ROOT, False, False),
    (LOWER_ROOT_BACK, LOWER_EDGE_BACK, False, True),
    (LOWER_EDGE_BACK, LOWER_EDGE, False, False),
)
"""in their order: first and second row, whether it is seen from the other side, and whether the diagonals of its first
half begin at the first row"""


def teeth_vertices(template: Doubles, shaped: Doubles) -> Doubles:
    """The vertices (120, 3), metres: made on FLAME's mean ``template`` (5023, 3), and moved as the lips are in that of
    one person, ``shaped`` (5023, 3)."""
    upper, lower = template[list(UPPER_LIP)], template[list(LOWER_LIP)]
    unit = np.linalg.norm(upper - lower, axis=1).mean()
    line = (upper + lower) / 2
    line[:, 1] = line[:, 1].mean()
    rows = [line + unit * np.array([0.0, up, -BACK - back]) for up, back in ROWS]
    moved = shaped - template
    along = (moved[list(UPPER_LIP)] + moved[list(LOWER_LIP)]) / 2
    return np.concatenate([row + along for row in rows])


def teeth_triangles() -> Ints:
    """The triangles (168, 3), which index the vertices of the teeth."""
    width = len(UPPER_LIP)
    triangles: list[tuple[int, int, int]] = []
    for first, second, turned, from_first in STRIPS:
        for column in range(width - 1):
            a, b = first * width + column, second * width + column
            if from_first == (column < (width - 1) // 2):
                square = ((a, b + 1, b), (a, a + 1, b + 1))
            else:
                square = ((a, a + 1, b), (a + 1, b + 1, b))
            triangles += [(i, k, j) if turned else (i, j, k) for i, j, k in square]
    return np.array(triangles, np.int32)


def lower_teeth() -> Ints:
    """The vertices of the teeth that move with the jaw."""
    width = len(UPPER_LIP)
    return np.concatenate([np.arange(row * width, (row + 1) * width) for row in LOWER_ROWS]).astype(np.int32)

"""The teeth that VHAP (Qian 2024) and RGBAvatar (Li et al. 2025) give FLAME's template.

Between two rings of vertices on the lips, 15 each from one corner of the mouth to the other, lies a middle line. Rows
of 15 vertices are that line at one height, moved up, down and back by multiples of the mean distance of the rings. A
strip between two rows has 14 squares; the diagonals of one half are the mirror image of the other's. The numbers here
are facts about those files: Gaussians name the triangles by their place in this list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Ints

UPPER_LIP = (1713, 1715, 1716, 1735, 1696, 1694, 1657, 3543, 2774, 2811, 2813, 2850, 2833, 2832, 2830)
LOWER_LIP = (1576, 1577, 1773, 1774, 1795, 1802, 1865, 3503, 2948, 2905, 2898, 2881, 2880, 2713, 2712)
WIDTH = len(UPPER_LIP)


@dataclass(frozen=True)
class Strip:
    """The squares between two rows."""

    first: int
    second: int
    turned: bool
    """whether they are seen from the other side"""
    from_first: bool
    """whether the diagonals of the first half begin at the first row"""


@dataclass(frozen=True)
class LipTeeth:
    """The teeth of one tool, which follow FLAME's vertices and triangles."""

    back: float
    """mean distances of the lips by which all of them lie behind the middle line"""
    rows: tuple[tuple[float, float], ...]
    """of each row, in their order: up, and further back, in mean distances of the lips"""
    lower_rows: tuple[int, ...]
    """which move with the jaw; the others move with the head"""
    strips: tuple[Strip, ...]
    """in their order"""

    @property
    def vertices(self) -> int:
        """How many there are."""
        return len(self.rows) * WIDTH

    @property
    def triangles(self) -> int:
        """How many there are."""
        return len(self.strips) * 2 * (WIDTH - 1)

    @property
    def lower(self) -> Ints:
        """The vertices that move with the jaw."""
        return np.concatenate([np.arange(row * WIDTH, (row + 1) * WIDTH) for row in self.lower_rows]).astype(np.int32)

    def made(self, template: Doubles, shaped: Doubles) -> Doubles:
        """The vertices, metres: made on FLAME's mean ``template`` (5023, 3), and moved as the lips are in that of one
        person, ``shaped`` (5023, 3)."""
        upper, lower = template[list(UPPER_LIP)], template[list(LOWER_LIP)]
        unit = np.linalg.norm(upper - lower, axis=1).mean()
        line = (upper + lower) / 2
        line[:, 1] = line[:, 1].mean()
        moved = shaped - template
        along = (moved[list(UPPER_LIP)] + moved[list(LOWER_LIP)]) / 2
        return np.concatenate([line + unit * np.array([0.0, up, -self.back - back]) + along for up, back in self.rows])

    def faces(self) -> Ints:
        """The triangles (..., 3), which index the vertices of the teeth."""
        triangles: list[tuple[int, int, int]] = []
        for strip in self.strips:
            for column in range(WIDTH - 1):
                a, b = strip.first * WIDTH + column, strip.second * WIDTH + column
                if strip.from_first == (column < (WIDTH - 1) // 2):
                    square = ((a, b + 1, b), (a, a + 1, b + 1))
                else:
                    square = ((a, a + 1, b), (a + 1, b + 1, b))
                triangles += [(i, k, j) if strip.turned else (i, j, k) for i, j, k in square]
        return np.array(triangles, np.int32)


UPPER_FRONT, LOWER_FRONT = Strip(0, 2, False, True), Strip(3, 1, False, False)
"""between root and edge"""
VHAP = LipTeeth(
    back=1.5,
    rows=((2.1, 0.0), (-2.1, 0.4), (0.1, 0.0), (-0.1, 0.4), (2.1, 1.0), (0.1, 1.0), (-2.1, 1.4), (-0.1, 1.4)),
    lower_rows=(1, 3, 6, 7),
    strips=(
        *(UPPER_FRONT, Strip(4, 5, True, True), Strip(5, 2, True, False)),
        *(LOWER_FRONT, Strip(6, 7, False, True), Strip(7, 3, False, False)),
    ),
)
"""root and edge of the upper and the lower teeth, in front and behind"""
RGBAVATAR = LipTeeth(
    back=2.0,
    rows=((0.0, 0.0), (0.0, 0.4), (-1.0, 0.0), (1.0, 0.4)),
    lower_rows=(1, 3),
    strips=(UPPER_FRONT, LOWER_FRONT),
)
"""the front alone"""

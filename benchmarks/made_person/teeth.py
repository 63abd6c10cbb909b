"""Two rows of single teeth in their gums, along an arch behind the lips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from made_person.surface import Array

WIDTHS = {True: (8.6, 6.7, 7.7, 7.1, 6.7, 10.2), False: (5.4, 5.9, 6.9, 7.0, 7.1, 11.0)}
CROWNS = {True: (10.4, 9.2, 10.2, 8.4, 7.8, 7.0), False: (8.6, 8.8, 9.8, 8.4, 7.6, 7.0)}
DEPTHS = {True: (6.0, 5.6, 7.0, 8.4, 8.6, 10.0), False: (5.4, 5.8, 7.0, 7.6, 8.2, 9.8)}
"""mm of an average adult from the middle backwards, upper (True) and lower row"""
UNIT = 0.80e-3
"""metres a millimetre of the tables: the mouth of the body model is smaller than an average one"""
RINGS, AROUND = 9, 14


class Row:
    """One row along a half ellipse that opens backwards, edges at height ``edge``."""

    def __init__(self, upper: bool, front: float, edge: float, half: float, depth: float) -> None:
        self.upper, self.front, self.edge, self.half, self.depth = upper, front, edge, half, depth
        angle = np.linspace(0, np.pi / 2, 400)
        x, z = half * np.sin(angle), front - depth * (1 - np.cos(angle))
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
        self._at = (length, x, z)

    def place(self, along: float) -> tuple[Array, Array]:
        """The point of the arch at a length from its middle, to the left positive, and the way out of the mouth."""
        length, x, z = self._at
        point = np.array([np.interp(abs(along), length, x) * np.sign(along), 0, np.interp(abs(along), length, z)])
        out = np.array([point[0] / self.half**2, 0, (point[2] - self.front + self.depth) / self.depth**2])
        return point, out / np.linalg.norm(out)

    def teeth(self, random: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
        """Vertices and quads of all teeth."""
        vertices, quads = [], []
        for side in (1.0, -1.0):
            start = 0.0
            for width, crown, depth in zip(WIDTHS[self.upper], CROWNS[self.upper], DEPTHS[self.upper], strict=True):
                w, c, d = width * UNIT, crown * UNIT, depth * UNIT
                centre, out = self.place(side * (start + w / 2))
                start += w
                quads.append(_grid() + sum(map(len, vertices)))
                turn = random.normal(0, 0.05)
                shift = np.array([0, random.normal(0, 0.15e-3), 0])
                vertices.append(self._tooth(centre + shift, out, w, c, d, turn, sharp=width < 8.7 and depth < 7.1))
        return np.concatenate(vertices), np.concatenate(quads)

    def _tooth(self, centre: Array, out: Array, w: float, c: float, d: float, turn: float, sharp: bool) -> Array:
        towards = -1.0 if self.upper else 1.0
        across = np.cross([0, 1, 0], out)
        out, across = out * np.cos(turn) + across * np.sin(turn), across * np.cos(turn) - out * np.sin(turn)
        rows = []
        for ring in np.linspace(0, 1, RINGS):
            # From the root in the gum (0) to the edge (1): thick and narrow, then flat and wide, then rounded off.
            end = np.sqrt(max(0.0, 1 - ((ring - 0.86) / 0.145) ** 2)) if ring > 0.86 else 1.0
            wide = w / 2 * (0.80 + 0.19 * np.sin(min(ring / 0.8, 1) * np.pi / 2)) * (0.82 + 0.18 * end)
            thick = d / 2 * ((1 - 0.62 * ring**1.3) if sharp else (1 - 0.2 * ring)) * max(end, 0.35)
            angle = np.arange(AROUND) / AROUND * 2 * np.pi
            power = 0.62
            a = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * wide
            b = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * thick
            height = self.edge - towards * (c * 1.35 * (1 - ring)) - towards * 0.03 * c * (1 - end)
            lean = 0.10 * c * ring if sharp else 0.0
            bulge = 0.05 * c * np.sin(np.pi * ring)
            middle = centre - out * (d * 0.32 - lean - bulge)
            rows.append(middle + a[:, None] * across + b[:, None] * out + [0, height, 0])
        tip = rows[-1].mean(0, keepdims=True)
        return np.concatenate([*rows, tip])

    def gum(self) -> tuple[Array, NDArray[np.int64]]:
        """Vertices and quads of the gum: a swollen band over the roots, scalloped around every tooth."""
        sign = 1.0 if self.upper else -1.0
        borders = np.concatenate([[0], np.cumsum(WIDTHS[self.upper])]) * UNIT
        along = np.linspace(-borders[-1], borders[-1], 161)
        profile = np.linspace(-0.25, 1.25, 13) * np.pi
        sections = []
        for at in along:
            centre, out = self.place(at)
            tooth = min(int(np.searchsorted(borders, abs(at), "right") - 1), len(WIDTHS[self.upper]) - 1)
            inside = (abs(at) - borders[tooth]) / (borders[tooth + 1] - borders[tooth])
            crown, depth = CROWNS[self.upper][tooth] * UNIT, DEPTHS[self.upper][tooth] * UNIT
            # Between two teeth the gum comes further towards the edge.
            reach = crown * (0.98 - 0.24 * np.abs(np.cos(np.pi * inside)) ** 3)
            ring = []
            for angle in profile:
                thick = depth * 0.60 + 0.6e-3
                ring.append(
                    centre
                    - out * depth * 0.32
                    + out * np.cos(angle) * thick
                    + [0, self.edge + sign * (reach + (1 + np.sin(angle)) * 2.6e-3), 0]
                )
            sections.append(ring)
        vertices = np.array(sections).reshape(-1, 3)
        grid = np.arange(len(vertices)).reshape(len(along), len(profile))
        quads = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], -1).reshape(-1, 4)
        return vertices, quads.astype(np.int64)


def _grid() -> NDArray[np.int64]:
    """Quads of one tooth; the last ring is closed by triangles written as quads with a corner twice."""
    ring = np.arange(RINGS * AROUND).reshape(RINGS, AROUND)
    following = np.roll(ring, -1, 1)
    body = np.stack([ring[:-1], following[:-1], following[1:], ring[1:]], -1).reshape(-1, 4)
    tip = np.full(AROUND, RINGS * AROUND)
    cap = np.stack([ring[-1], following[-1], tip, tip], -1)
    return np.concatenate([body, cap]).astype(np.int64)

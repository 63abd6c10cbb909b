"""How much light reaches a place of the surface, by its form alone."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.bake.completion.samples import Samples

DIRECTIONS = 96
CELL = 0.0035
"""metres of a cell of the buffer of depth"""
BIAS = 0.003
"""metres behind the nearest point of a cell from which on a point lies in shade, more where the light grazes"""
SMOOTHED = 6
"""neighbours over which the result is averaged"""


def openness(samples: Samples) -> Doubles:
    """The share (S) in (0, 1] of the light of an even sky, all round, that reaches each point: ambient occlusion.

    The cosine-weighted share of directions in which no other point lies in the way.
    """
    total, free = np.full(len(samples), 1e-9), np.zeros(len(samples))
    for direction in _all_round(DIRECTIONS):
        facing = samples.normal @ direction
        right = np.cross(direction, [0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, direction)
        depth = samples.point @ direction
        x, y = samples.point @ right, samples.point @ up
        column, row = (np.floor((v - v.min()) / CELL).astype(np.int64) for v in (x, y))
        cell = row * (column.max() + 1) + column
        front = np.full(cell.max() + 1, -np.inf)
        solid = facing > 0
        np.maximum.at(front, cell[solid], depth[solid])
        slope = np.sqrt(1 - np.minimum(facing, 1.0) ** 2) / np.maximum(facing, 0.1)
        lit = depth > front[cell] - BIAS - CELL * slope
        weight = facing.clip(0, None)
        total += weight
        free += weight * lit
    share = free / total
    mean = share.copy()
    for members, tree in samples.trees.values():
        near = members[tree.query(samples.point[members], min(SMOOTHED, len(members)))[1].reshape(len(members), -1)]
        mean[members] = share[near].mean(1)
    return np.asarray(mean.clip(0.05, 1))


def _all_round(count: int) -> Doubles:
    """Unit vectors (count, 3) spread evenly over the sphere (a Fibonacci lattice)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    around = np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(around), height, flat * np.sin(around)], 1)

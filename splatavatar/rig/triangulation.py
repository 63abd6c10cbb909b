"""Quads of a template as triangles that are the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TIE = 1e-6
"""of their length, by which the diagonals of a quad may differ and still be the same: rounding makes 1e-15"""


def settled(
    faces: NDArray[np.int32], uv: NDArray[Any], vertices: NDArray[np.floating]
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """``faces`` (F, 3) and their ``uv`` (F, 3, 2), in which every quad whose diagonals are equal is cut along the
    second.

    A quad a b c d that was cut along its shorter diagonal is the triangles a b c and c d a, or a b d and d b c. Where
    the diagonals are equal, as in symmetric parts of a head, the last bit of a coordinate has decided, and that depends
    on the processor. ``vertices`` (V, 3) are the ones that the quads were cut by.
    """
    first, second = faces[0::2], faces[1::2]
    pairs = len(second)
    cut = (first[:pairs, 0] == second[:, 2]) & (first[:pairs, 2] == second[:, 0])
    a, b, c, d = first[:pairs, 0], first[:pairs, 1], first[:pairs, 2], second[:, 1]
    one, other = (np.linalg.norm(vertices[i].astype(np.float64) - vertices[j], axis=1) for i, j in ((a, c), (b, d)))
    at = np.flatnonzero(cut & (np.abs(one - other) <= TIE * one))
    corners = {"a": (2 * at, 0), "b": (2 * at, 1), "c": (2 * at, 2), "d": (2 * at + 1, 1)}

    def recut(values: NDArray[Any]) -> NDArray[Any]:
        a, b, c, d = (values[rows, corner] for rows, corner in corners.values())
        result = values.copy()
        result[2 * at] = np.stack([a, b, d], 1)
        result[2 * at + 1] = np.stack([d, b, c], 1)
        return result

    return recut(faces), recut(uv)

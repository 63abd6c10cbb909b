"""The triangles of a rig as a graphics card wants them: one vertex for each place in the texture, with a normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats, Ints, Longs, Mask
from splatavatar.rig.regions import CARRIERS
from splatavatar.rig.rig import Rig

_SMALLEST = 1e-20
"""length below which a sum of normals has no direction"""


@dataclass(frozen=True)
class Surface:
    """W vertices, in the order of those of the rig; one at a seam of the texture is there once for each side of it."""

    vertex: Longs
    """(W) that of the rig; one that is in no triangle is left out"""
    uv: Floats
    """(W, 2) in [0, 1], v from below"""
    triangles: Longs
    """(F, 3) in the order of ``Rig.faces``, counter-clockwise seen from outside"""


def of_surface(rig: Rig) -> Mask:
    """Which triangles (F) of ``rig`` are a surface; the others carry single Gaussians, as those of imported avatars
    do."""
    shown = np.ones(len(rig.faces), bool)
    shown[rig.regions.get(CARRIERS, np.zeros(0, np.int32))] = False
    return shown


def surface(rig: Rig) -> Surface:
    """The surface of ``rig``."""
    shown = of_surface(rig)
    corners = np.concatenate([rig.faces[shown].reshape(-1, 1), rig.uv[shown].reshape(-1, 2)], 1, dtype=np.float64)
    places, triangles = np.unique(corners, axis=0, return_inverse=True)
    return Surface(
        vertex=places[:, 0].astype(np.int64),
        uv=places[:, 1:].astype(np.float32),
        triangles=triangles.reshape(-1, 3).astype(np.int64),
    )


def vertex_normals(vertices: Floats, faces: Ints) -> Doubles:
    """The unit normals (V, 3) of ``vertices`` (V, 3): by area the mean of those of the ``faces`` (F, 3) at each.

    A vertex without one, of no triangle or of flat ones, gets +Z.
    """
    v0, v1, v2 = np.moveaxis(vertices.astype(np.float64)[faces], 1, 0)
    twice = np.cross(v1 - v0, v2 - v0)
    summed = gathered(np.repeat(twice, 3, axis=0), faces.reshape(-1), len(vertices))
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.where(length > _SMALLEST, summed / np.maximum(length, _SMALLEST), (0.0, 0.0, 1.0))


def gathered(rows: NDArray[np.float64], index: NDArray[np.integer], count: int) -> Doubles:
    """The sums (``count``, C) of those of ``rows`` (N, C) that have each ``index`` (N)."""
    return np.stack([np.bincount(index, column, count) for column in rows.T], axis=1)

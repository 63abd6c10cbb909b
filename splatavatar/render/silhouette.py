"""The filled projection of a mesh, from the edges of its outline alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats, Longs
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import check_camera, check_size

NEAR = 1e-3
"""metres: triangles that reach nearer to the plane of the camera, or behind it, are skipped"""
PIXEL = 8 * 3 + 1
"""bytes that a pixel takes: crossings, their sums, and whether it is inside"""


def silhouette(vertices: Floats, faces: NDArray[np.int32], camera: Camera) -> NDArray[np.bool_]:
    """The pixels (H, W) whose centre the projection of any triangle covers, seen from either side.

    ``vertices`` (V, 3) metres, world; ``faces`` (F, 3) into them. Every triangle, turned so that its projection is
    positive, adds one to the winding number of the points in it. What two neighbours add along their common edge
    cancels unless the surface folds over there or ends, so few edges are drawn, by where they cross the rows of pixels.
    Triangles with a corner that is not finite are skipped.

    Raises:
        SettingsError: a size or a camera that cannot be drawn, or too little memory.
    """
    check_size(camera.width, camera.height, PIXEL)
    check_camera(camera)
    edges = _edges(np.ascontiguousarray(faces, np.int32).tobytes())
    finite = np.asarray(np.isfinite(vertices).all(1))
    local = np.where(finite[:, None], vertices, 0) @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    depth = local[:, 2]
    x, y = ((local @ camera.K.T)[:, :2] / np.maximum(depth, NEAR)[:, None]).T
    a, b, c = faces.T
    area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])
    turned = np.where(((depth > NEAR) & finite)[faces].all(1), np.sign(area), 0.0)
    winding = np.bincount(edges.edge, edges.direction * turned[edges.face], len(edges.ends))
    drawn = winding != 0
    return _filled(x[edges.ends[drawn]], y[edges.ends[drawn]], winding[drawn], camera.width, camera.height)


def _filled(x: Doubles, y: Doubles, winding: Doubles, width: int, height: int) -> NDArray[np.bool_]:
    """(H, W) where edges from ``x, y`` (N, 2) pixels, counted ``winding`` (N) times, go round the centre of a pixel."""
    winding = winding * np.sign(y[:, 0] - y[:, 1])
    top, bottom = (np.ceil(end - 0.5).clip(0, height).astype(np.int64) for end in (y.min(1), y.max(1)))
    count = bottom - top
    edge = np.repeat(np.arange(len(y)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - top, count)
    share = (row + 0.5 - y[edge, 0]) / (y[edge, 1] - y[edge, 0])
    crossing = x[edge, 0] + share * (x[edge, 1] - x[edge, 0])
    column = np.ceil(crossing - 0.5).clip(0, width).astype(np.int64)
    steps = np.bincount(row * (width + 1) + column, winding[edge], height * (width + 1)).reshape(height, width + 1)
    return np.asarray(np.cumsum(steps[:, :width], 1) > 0.5)


@dataclass(frozen=True)
class _Edges:
    ends: Longs
    """(N, 2) vertices of each edge"""
    edge: Longs
    """(3 F) for each side of each face its edge"""
    face: Longs
    """(3 F) and its face"""
    direction: Doubles
    """(3 F) 1 where the face runs along the edge from its first end to its second, else -1"""


@lru_cache(maxsize=8)
def _edges(faces: bytes) -> _Edges:
    """The edges of ``faces`` (F, 3) int32; an avatar or a track asks for those of one mesh again and again."""
    corners = np.frombuffer(faces, np.int32).reshape(-1, 3).astype(np.int64)
    sides = corners[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    low, high = sides.min(1), sides.max(1)
    keys, edge = np.unique((low << 32) | high, return_inverse=True)
    ends = np.stack([keys >> 32, keys & 0xFFFFFFFF], 1)
    return _Edges(ends, edge, np.repeat(np.arange(len(corners)), 3), np.where(sides[:, 0] == low, 1.0, -1.0))

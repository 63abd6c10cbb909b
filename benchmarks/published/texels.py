"""Points on a rig at the texels of its texture map."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from splatavatar.rig.rig import Rig, SurfacePoints

Floats = NDArray[np.float32]


def covered_texels(rig: Rig, side: int) -> SurfacePoints:
    """The point of the surface at the centre of each texel of a map of ``side`` x ``side`` that a triangle covers.

    Where triangles overlap on the map, the last one has the texel.
    """
    owner = np.full((side, side), -1)
    weight = np.zeros((side, side, 3))
    corners = rig.uv.astype(np.float64) * side - 0.5  # texel centres at whole numbers
    for face, (a, b, c) in enumerate(corners):
        low = np.ceil(np.minimum(np.minimum(a, b), c)).astype(int).clip(0, side)
        high = np.floor(np.maximum(np.maximum(a, b), c)).astype(int).clip(-1, side - 1) + 1
        area = _cross(b - a, c - a)
        if area == 0 or (high <= low).any():
            continue
        at = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), -1)
        wa, wb = _cross(c - b, at - b) / area, _cross(a - c, at - c) / area
        bary = np.stack([wa, wb, 1 - wa - wb], -1)
        inside = (bary >= 0).all(-1)
        window = np.s_[low[1] : high[1], low[0] : high[0]]
        owner[window][inside] = face
        weight[window][inside] = bary[inside]
    covered = owner >= 0
    return SurfacePoints(owner[covered].astype(np.int32), weight[covered].astype(np.float32))


def side_for(rig: Rig, count: int) -> int:
    """Side of the map on which about ``count`` texels are covered."""
    edges = (rig.uv[:, 1:] - rig.uv[:, :1]).astype(np.float64)
    area = float(np.abs(_cross(edges[:, 0], edges[:, 1])).sum()) / 2
    return round(math.sqrt(count / area))


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return product

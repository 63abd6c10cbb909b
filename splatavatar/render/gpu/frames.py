"""Frames of posed triangles."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

FRAME = 20
"""floats of a triangle: rotation row by row (columns edge, normal, edge x normal), size k, three corners, padding"""
BLOCK = 128

_FRAME = tl.constexpr(FRAME)


@triton.jit
def _length(x, y, z):
    return tl.sqrt(x * x + y * y + z * z)


@triton.jit
def frames_kernel(vertices, faces, frames, count, vertex_count, BLOCK: tl.constexpr):
    pose = tl.program_id(1)
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    corner = vertices + pose.to(tl.int64) * vertex_count * 3
    v0 = corner + 3 * tl.load(faces + 3 * index, mask, other=0)
    v1 = corner + 3 * tl.load(faces + 3 * index + 1, mask, other=0)
    v2 = corner + 3 * tl.load(faces + 3 * index + 2, mask, other=0)
    ox, oy, oz = tl.load(v0, mask), tl.load(v0 + 1, mask), tl.load(v0 + 2, mask)
    px, py, pz = tl.load(v1, mask), tl.load(v1 + 1, mask), tl.load(v1 + 2, mask)
    qx, qy, qz = tl.load(v2, mask), tl.load(v2 + 1, mask), tl.load(v2 + 2, mask)
    ex, ey, ez = px - ox, py - oy, pz - oz
    dx, dy, dz = qx - ox, qy - oy, qz - oz
    nx, ny, nz = ey * dz - ez * dy, ez * dx - ex * dz, ex * dy - ey * dx
    edge, area = _length(ex, ey, ez), _length(nx, ny, nz)
    ie, ia = 1.0 / tl.maximum(edge, 1e-12), 1.0 / tl.maximum(area, 1e-12)
    ex, ey, ez = ex * ie, ey * ie, ez * ie
    nx, ny, nz = nx * ia, ny * ia, nz * ia
    bx, by, bz = ey * nz - ez * ny, ez * nx - ex * nz, ex * ny - ey * nx
    out = frames + (pose.to(tl.int64) * count + index) * _FRAME
    tl.store(out, ex, mask)
    tl.store(out + 1, nx, mask)
    tl.store(out + 2, bx, mask)
    tl.store(out + 3, ey, mask)
    tl.store(out + 4, ny, mask)
    tl.store(out + 5, by, mask)
    tl.store(out + 6, ez, mask)
    tl.store(out + 7, nz, mask)
    tl.store(out + 8, bz, mask)
    tl.store(out + 9, 0.5 * (edge + tl.abs(bx * dx + by * dy + bz * dz)), mask)
    tl.store(out + 10, ox, mask)
    tl.store(out + 11, oy, mask)
    tl.store(out + 12, oz, mask)
    tl.store(out + 13, px, mask)
    tl.store(out + 14, py, mask)
    tl.store(out + 15, pz, mask)
    tl.store(out + 16, qx, mask)
    tl.store(out + 17, qy, mask)
    tl.store(out + 18, qz, mask)


def triangle_frames(vertices: Tensor, faces: Tensor, frames: Tensor) -> None:
    """Writes ``frames`` (P, F, FRAME) of the triangles ``faces`` (F, 3) int32 of P poses, ``vertices`` (P, V, 3)."""
    poses, count = vertices.shape[0], faces.shape[0]
    frames_kernel[(triton.cdiv(count, BLOCK), poses)](vertices, faces, frames, count, vertices.shape[1], BLOCK=BLOCK)

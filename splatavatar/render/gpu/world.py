"""Gaussians in the world onto one picture, forward and backward, the camera's pose included."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.gpu.projection import (
    SUMS,
    columns_scaled,
    emit,
    load_quaternion,
    load_rotation,
    load_sums,
    load_vector,
    matvec,
    product,
    projection_backward,
    rotation_matrix,
    rotation_matrix_backward,
    to_camera,
    transposed,
)
from splatavatar.render.gpu.splats import ProjectedSplats

BLOCK = 64

_SUMS = tl.constexpr(SUMS)


@triton.jit
def world_kernel(
    mean, rotation, scale, opacity, colour, view, record, rect, depth, count, width, height, BLOCK: tl.constexpr
):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    q, _inverse = load_quaternion(rotation + 4 * index, mask)
    axes = columns_scaled(rotation_matrix(q), load_vector(scale + 3 * index, mask))
    c = to_camera(load_vector(mean + 3 * index, mask), view)
    alpha = tl.load(opacity + index, mask, other=0.0)
    lit = load_vector(colour + 3 * index, mask)
    emit(c, product(load_rotation(view), axes), alpha, lit, view, width, height, index, mask, record, rect, depth)


@triton.jit
def world_backward_kernel(
    mean, rotation, scale, opacity, view, depth, sums, g_mean, g_rotation, g_scale, g_opacity, g_colour, g_pose,
    count, BLOCK: tl.constexpr,
):  # fmt: skip
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    q, inverse_length = load_quaternion(rotation + 4 * index, mask)
    s = load_vector(scale + 3 * index, mask)
    m = load_vector(mean + 3 * index, mask)
    Rq = rotation_matrix(q)
    axes = columns_scaled(Rq, s)
    seen = mask & (tl.load(depth + index, mask, other=float("inf")) < float("inf"))
    g = load_sums(sums + index.to(tl.int64) * _SUMS, seen)
    _uv, g_camera, g_a = projection_backward(to_camera(m, view), product(load_rotation(view), axes), g, view)
    turned = transposed(load_rotation(view))
    by_mean, by_axes = matvec(turned, g_camera), product(turned, g_a)
    by_q = rotation_matrix_backward(q, inverse_length, columns_scaled(by_axes, s))
    tl.store(g_mean + 3 * index, tl.where(seen, by_mean[0], 0.0), mask)
    tl.store(g_mean + 3 * index + 1, tl.where(seen, by_mean[1], 0.0), mask)
    tl.store(g_mean + 3 * index + 2, tl.where(seen, by_mean[2], 0.0), mask)
    tl.store(g_rotation + 4 * index, tl.where(seen, by_q[0], 0.0), mask)
    tl.store(g_rotation + 4 * index + 1, tl.where(seen, by_q[1], 0.0), mask)
    tl.store(g_rotation + 4 * index + 2, tl.where(seen, by_q[2], 0.0), mask)
    tl.store(g_rotation + 4 * index + 3, tl.where(seen, by_q[3], 0.0), mask)
    sx = by_axes[0] * Rq[0] + by_axes[3] * Rq[3] + by_axes[6] * Rq[6]
    sy = by_axes[1] * Rq[1] + by_axes[4] * Rq[4] + by_axes[7] * Rq[7]
    sz = by_axes[2] * Rq[2] + by_axes[5] * Rq[5] + by_axes[8] * Rq[8]
    tl.store(g_scale + 3 * index, tl.where(seen, sx, 0.0), mask)
    tl.store(g_scale + 3 * index + 1, tl.where(seen, sy, 0.0), mask)
    tl.store(g_scale + 3 * index + 2, tl.where(seen, sz, 0.0), mask)
    alpha = tl.load(opacity + index, mask, other=1.0)
    tl.store(g_opacity + index, g[0] / tl.maximum(alpha, 1e-12), mask)
    tl.store(g_colour + 3 * index, g[6], mask)
    tl.store(g_colour + 3 * index + 1, g[7], mask)
    tl.store(g_colour + 3 * index + 2, g[8], mask)
    # Pose: dL/dR = g_camera mean^T + g_a axes^T, dL/dt = g_camera.
    for i in tl.static_range(3):
        along = tl.where(seen, g_camera[i], 0.0)
        a0 = tl.where(seen, g_a[3 * i], 0.0)
        a1 = tl.where(seen, g_a[3 * i + 1], 0.0)
        a2 = tl.where(seen, g_a[3 * i + 2], 0.0)
        for j in tl.static_range(3):
            term = along * m[j] + a0 * axes[3 * j] + a1 * axes[3 * j + 1] + a2 * axes[3 * j + 2]
            tl.atomic_add(g_pose + 4 * i + j, tl.sum(term, 0), sem="relaxed")
        tl.atomic_add(g_pose + 4 * i + 3, tl.sum(along, 0), sem="relaxed")


def project_world(gaussians: Gaussians[Tensor], view: Tensor, width: int, height: int, out: ProjectedSplats) -> None:
    """Writes ``out`` (1, N) for one ``view`` (VIEW)."""
    n = len(gaussians.mean)
    world_kernel[(triton.cdiv(n, BLOCK),)](
        gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour, view,
        out.record, out.rect, out.depth, n, width, height, BLOCK=BLOCK, num_warps=2,
    )  # fmt: skip


def project_world_backward(
    gaussians: Gaussians[Tensor], view: Tensor, splats: ProjectedSplats, sums: Tensor
) -> tuple[Gaussians[Tensor], Tensor]:
    """Gradients from ``sums`` (1, N, SUMS); second, (4, 4) that of T_camera_world."""
    n = len(gaussians.mean)
    out = Gaussians(*(torch.empty_like(f) for f in vars(gaussians).values()))
    pose = torch.zeros(4, 4, device=sums.device)
    world_backward_kernel[(triton.cdiv(n, BLOCK),)](
        gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, view, splats.depth, sums,
        out.mean, out.rotation, out.scale, out.opacity, out.colour, pose, n, BLOCK=BLOCK, num_warps=2,
    )  # fmt: skip
    return out, pose

"""Gaussians that ride on triangles: to the world and onto the pictures, forward and backward, one launch a batch.

The binding of GaussianAvatars (Qian et al. 2024, eq. 1-4) with a barycentric origin: R the frame of the triangle, k its
size, mean = o + k R p, axes = k R R(q) diag(s); colour = base + SH d, d the viewing direction in the frame, not below
black. Position and base colour are corrected by a table of linear correctives with weights psi.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from splatavatar.render.gpu.frames import FRAME
from splatavatar.render.gpu.projection import (
    SUMS,
    columns_scaled,
    dot,
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
from splatavatar.render.gpu.views import VIEW

BLOCK = 64

_FRAME = tl.constexpr(FRAME)
_SUMS = tl.constexpr(SUMS)
_VIEW = tl.constexpr(VIEW)

_COUNTS = ["count", "face_count", "batch", "K", "psi_stride", "width", "height"]
"""numbers that change during a bake: the backward kernel takes seconds to compile, so none of them, nor where psi and
the views happen to begin, calls for another"""
_PLACES = ["psi", "views"]


@dataclass
class Bound:
    """N Gaussians on the triangles of a rig, float32 and contiguous; see ``BoundGaussians`` for frames and units."""

    face: Tensor
    """(N) int32"""
    barycentric: Tensor
    """(N, 3)"""
    position: Tensor
    """(N, 3)"""
    rotation: Tensor
    """(N, 4) quaternion wxyz of any length but zero"""
    scale: Tensor
    """(N, 3); its logarithm if ``raw``"""
    opacity: Tensor
    """(N); its logit if ``raw``"""
    colour: Tensor
    """(N, 3)"""
    sh: Tensor
    """(N, 3, 3)"""
    table: Tensor
    """(K, N, 6) correctives of position and colour, float32 or float16"""
    raw: bool

    def __len__(self) -> int:
        return len(self.face)


@dataclass
class Posed:
    """P poses of a rig, and which of them each of the B views shows."""

    frames: Tensor
    """(P, F, FRAME)"""
    psi: Tensor
    """(P, K) weights of the correctives; K may be less than there are in the table"""
    pose: Tensor
    """(B) int32"""


@dataclass
class BoundGradients:
    """Gradients of the sum of the losses of the views; of what a view does not see, zero."""

    position: Tensor
    """(N, 3), after correction"""
    rotation: Tensor
    """(N, 4)"""
    scale: Tensor
    """(N, 3), of the logarithm"""
    opacity: Tensor
    """(N), of the logit"""
    colour: Tensor
    """(N, 3), after correction"""
    sh: Tensor
    """(N, 3, 3)"""
    shared: Tensor
    """(B, N, 6) of the corrected position and colour by view, or none (0, N, 6)"""
    frames: Tensor
    """(P, F, FRAME): rotation, size, corners; or none (0, F, FRAME)"""
    motion: Tensor
    """(N) sum over the views of the length of the gradient of the projected mean, in half widths of the picture"""
    weight: Tensor
    """(N) sum of the blending weights over all pixels of all views"""
    views: Tensor
    """(N) views in which those weights exceed a least sum"""

    @staticmethod
    def like(bound: Bound, posed: Posed, with_shared: bool, with_frames: bool) -> BoundGradients:
        """Room for the gradients of ``bound``."""
        n, device = len(bound), bound.face.device
        poses, faces, _ = posed.frames.shape
        views = len(posed.pose) if with_shared else 0
        return BoundGradients(
            position=torch.empty_like(bound.position),
            rotation=torch.empty_like(bound.rotation),
            scale=torch.empty_like(bound.scale),
            opacity=torch.empty_like(bound.opacity),
            colour=torch.empty_like(bound.colour),
            sh=torch.empty_like(bound.sh),
            shared=torch.empty(views, n, 6, device=device),
            frames=torch.zeros(poses if with_frames else 0, faces, FRAME, device=device),  # is added to
            motion=torch.empty(n, device=device),
            weight=torch.empty(n, device=device),
            views=torch.empty(n, device=device),
        )


@triton.jit
def load_frame(frame, mask):
    """R row by row, and k."""
    R = (
        tl.load(frame, mask, other=0.0), tl.load(frame + 1, mask, other=0.0), tl.load(frame + 2, mask, other=0.0),
        tl.load(frame + 3, mask, other=0.0), tl.load(frame + 4, mask, other=0.0), tl.load(frame + 5, mask, other=0.0),
        tl.load(frame + 6, mask, other=0.0), tl.load(frame + 7, mask, other=0.0), tl.load(frame + 8, mask, other=0.0),
    )  # fmt: skip
    return R, tl.load(frame + 9, mask, other=0.0)


@triton.jit
def load_origin(frame, bary, mask):
    """The barycentric point on the triangle."""
    v0, v1, v2 = load_vector(frame + 10, mask), load_vector(frame + 13, mask), load_vector(frame + 16, mask)
    return (
        bary[0] * v0[0] + bary[1] * v1[0] + bary[2] * v2[0],
        bary[0] * v0[1] + bary[1] * v1[1] + bary[2] * v2[1],
        bary[0] * v0[2] + bary[1] * v1[2] + bary[2] * v2[2],
    )


@triton.jit
def corrected(position, colour, table, psi, index, mask, count, K):
    """Position and colour with the correctives of one pose added."""
    px, py, pz = position[0], position[1], position[2]
    red, green, blue = colour[0], colour[1], colour[2]
    k = 0
    while k < K:
        weight = tl.load(psi + k)
        row = table + (k * count + index) * 6
        px += weight * tl.load(row, mask, other=0.0).to(tl.float32)
        py += weight * tl.load(row + 1, mask, other=0.0).to(tl.float32)
        pz += weight * tl.load(row + 2, mask, other=0.0).to(tl.float32)
        red += weight * tl.load(row + 3, mask, other=0.0).to(tl.float32)
        green += weight * tl.load(row + 4, mask, other=0.0).to(tl.float32)
        blue += weight * tl.load(row + 5, mask, other=0.0).to(tl.float32)
        k += 1
    return (px, py, pz), (red, green, blue)


@triton.jit
def placed(position, origin, R, k):
    moved = matvec(R, position)
    return (origin[0] + k * moved[0], origin[1] + k * moved[1], origin[2] + k * moved[2])


@triton.jit
def viewed(mean, view, R):
    """The viewing direction in the world and in the frame, and one over the distance."""
    d = (mean[0] - tl.load(view + 16), mean[1] - tl.load(view + 17), mean[2] - tl.load(view + 18))
    inverse = 1.0 / tl.sqrt(tl.maximum(dot(d, d), 1e-24))
    world = (d[0] * inverse, d[1] * inverse, d[2] * inverse)
    return world, matvec(transposed(R), world), inverse


@triton.jit(do_not_specialize=_COUNTS, do_not_specialize_on_alignment=_PLACES)
def bound_kernel(
    face, barycentric, position, rotation, scale, opacity, colour, sh, table, frames, psi, pose, views, record, rect,
    depth, count, face_count, K, psi_stride, width, height, RAW: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    b = tl.program_id(1)
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    which = tl.load(pose + b)
    view = views + b * _VIEW
    frame = frames + (which * face_count + tl.load(face + index, mask, other=0)) * _FRAME
    R, k = load_frame(frame, mask)
    p, base = corrected(
        load_vector(position + 3 * index, mask), load_vector(colour + 3 * index, mask), table, psi + which * psi_stride,
        index, mask, count, K,
    )  # fmt: skip
    mean = placed(p, load_origin(frame, load_vector(barycentric + 3 * index, mask), mask), R, k)
    s = load_vector(scale + 3 * index, mask)
    alpha = tl.load(opacity + index, mask, other=0.0)
    if RAW:
        s = (tl.exp(s[0]), tl.exp(s[1]), tl.exp(s[2]))
        alpha = 1.0 / (1.0 + tl.exp(-alpha))
    q, _inverse = load_quaternion(rotation + 4 * index, mask)
    axes = columns_scaled(product(R, rotation_matrix(q)), (k * s[0], k * s[1], k * s[2]))
    _world, d, _distance = viewed(mean, view, R)
    h = sh + 9 * index
    lit = (
        base[0] + dot(load_vector(h, mask), d),
        base[1] + dot(load_vector(h + 3, mask), d),
        base[2] + dot(load_vector(h + 6, mask), d),
    )
    a = product(load_rotation(view), axes)
    emit(to_camera(mean, view), a, alpha, lit, view, width, height, b * count + index, mask, record, rect, depth)


@triton.jit(do_not_specialize=_COUNTS, do_not_specialize_on_alignment=_PLACES)
def bound_backward_kernel(
    face, barycentric, position, rotation, scale, opacity, colour, sh, table, frames, psi, pose, views, depth, sums,
    g_position, g_rotation, g_scale, g_opacity, g_colour, g_sh, g_shared, g_frames, g_motion, g_weight, g_views,
    count, face_count, batch, K, psi_stride, width, height, least, WITH_SHARED: tl.constexpr, WITH_FRAMES: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    on = tl.load(face + index, mask, other=0)
    bary = load_vector(barycentric + 3 * index, mask)
    raw = load_vector(scale + 3 * index, mask)
    s = (tl.exp(raw[0]), tl.exp(raw[1]), tl.exp(raw[2]))
    alpha = 1.0 / (1.0 + tl.exp(-tl.load(opacity + index, mask, other=0.0)))
    q, inverse_length = load_quaternion(rotation + 4 * index, mask)
    Rq = rotation_matrix(q)
    h = sh + 9 * index
    h0, h1, h2 = load_vector(h, mask), load_vector(h + 3, mask), load_vector(h + 6, mask)
    zero = tl.zeros([BLOCK], tl.float32)
    px, py, pz, sx, sy, sz = zero, zero, zero, zero, zero, zero
    qw, qx, qy, qz, o, cr, cg, cb = zero, zero, zero, zero, zero, zero, zero, zero
    s00, s01, s02, s10, s11, s12, s20, s21, s22 = zero, zero, zero, zero, zero, zero, zero, zero, zero
    motion, weight, seen_views = zero, zero, zero
    b = 0
    while b < batch:
        which = tl.load(pose + b)
        view = views + b * _VIEW
        frame = frames + (which * face_count + on) * _FRAME
        R, k = load_frame(frame, mask)
        p, base = corrected(
            load_vector(position + 3 * index, mask), load_vector(colour + 3 * index, mask), table,
            psi + which * psi_stride, index, mask, count, K,
        )  # fmt: skip
        mean = placed(p, load_origin(frame, bary, mask), R, k)
        seen = mask & (tl.load(depth + b * count + index, mask, other=float("inf")) < float("inf"))
        g = load_sums(sums + (b * count + index) * _SUMS, seen)
        P = product(R, Rq)
        world_scale = (k * s[0], k * s[1], k * s[2])
        a = product(load_rotation(view), columns_scaled(P, world_scale))
        g_uv, g_camera, g_a = projection_backward(to_camera(mean, view), a, g, view)
        turned = transposed(load_rotation(view))
        g_mean = matvec(turned, g_camera)
        g_axes = product(turned, g_a)
        # Colour: its view dependence moves the mean too.
        world, d, inverse_distance = viewed(mean, view, R)
        gr = tl.where(base[0] + dot(h0, d) > 0.0, g[6], 0.0)
        gg = tl.where(base[1] + dot(h1, d) > 0.0, g[7], 0.0)
        gb = tl.where(base[2] + dot(h2, d) > 0.0, g[8], 0.0)
        g_d = (
            gr * h0[0] + gg * h1[0] + gb * h2[0],
            gr * h0[1] + gg * h1[1] + gb * h2[1],
            gr * h0[2] + gg * h1[2] + gb * h2[2],
        )
        g_view = matvec(R, g_d)
        along = dot(g_view, world)
        g_mean = (
            g_mean[0] + (g_view[0] - world[0] * along) * inverse_distance,
            g_mean[1] + (g_view[1] - world[1] * along) * inverse_distance,
            g_mean[2] + (g_view[2] - world[2] * along) * inverse_distance,
        )
        # Axes: M = k R R(q) diag(s).
        g_ws = (
            g_axes[0] * P[0] + g_axes[3] * P[3] + g_axes[6] * P[6],
            g_axes[1] * P[1] + g_axes[4] * P[4] + g_axes[7] * P[7],
            g_axes[2] * P[2] + g_axes[5] * P[5] + g_axes[8] * P[8],
        )
        g_P = columns_scaled(g_axes, world_scale)
        g_q = rotation_matrix_backward(q, inverse_length, product(transposed(R), g_P))
        back = matvec(transposed(R), g_mean)
        gpx, gpy, gpz = (
            tl.where(seen, k * back[0], 0.0),
            tl.where(seen, k * back[1], 0.0),
            tl.where(seen, k * back[2], 0.0),
        )
        px += gpx
        py += gpy
        pz += gpz
        sx += tl.where(seen, g_ws[0] * world_scale[0], 0.0)
        sy += tl.where(seen, g_ws[1] * world_scale[1], 0.0)
        sz += tl.where(seen, g_ws[2] * world_scale[2], 0.0)
        qw += tl.where(seen, g_q[0], 0.0)
        qx += tl.where(seen, g_q[1], 0.0)
        qy += tl.where(seen, g_q[2], 0.0)
        qz += tl.where(seen, g_q[3], 0.0)
        o += g[0]
        cr += gr
        cg += gg
        cb += gb
        s00 += gr * d[0]
        s01 += gr * d[1]
        s02 += gr * d[2]
        s10 += gg * d[0]
        s11 += gg * d[1]
        s12 += gg * d[2]
        s20 += gb * d[0]
        s21 += gb * d[1]
        s22 += gb * d[2]
        mx, my = g_uv[0] * (0.5 * width), g_uv[1] * (0.5 * height)
        motion += tl.where(seen, tl.sqrt(mx * mx + my * my), 0.0)
        weight += g[9]
        seen_views += tl.where(g[9] > least, 1.0, 0.0)
        if WITH_SHARED:
            row = g_shared + (b * count + index) * 6
            tl.store(row, gpx, mask)
            tl.store(row + 1, gpy, mask)
            tl.store(row + 2, gpz, mask)
            tl.store(row + 3, gr, mask)
            tl.store(row + 4, gg, mask)
            tl.store(row + 5, gb, mask)
        if WITH_FRAMES:
            out = g_frames + (which * face_count + on) * _FRAME
            g_R = product(g_P, transposed(Rq))
            m0, m1, m2 = k * g_mean[0], k * g_mean[1], k * g_mean[2]
            tl.atomic_add(out, g_R[0] + m0 * p[0] + world[0] * g_d[0], seen, sem="relaxed")
            tl.atomic_add(out + 1, g_R[1] + m0 * p[1] + world[0] * g_d[1], seen, sem="relaxed")
            tl.atomic_add(out + 2, g_R[2] + m0 * p[2] + world[0] * g_d[2], seen, sem="relaxed")
            tl.atomic_add(out + 3, g_R[3] + m1 * p[0] + world[1] * g_d[0], seen, sem="relaxed")
            tl.atomic_add(out + 4, g_R[4] + m1 * p[1] + world[1] * g_d[1], seen, sem="relaxed")
            tl.atomic_add(out + 5, g_R[5] + m1 * p[2] + world[1] * g_d[2], seen, sem="relaxed")
            tl.atomic_add(out + 6, g_R[6] + m2 * p[0] + world[2] * g_d[0], seen, sem="relaxed")
            tl.atomic_add(out + 7, g_R[7] + m2 * p[1] + world[2] * g_d[1], seen, sem="relaxed")
            tl.atomic_add(out + 8, g_R[8] + m2 * p[2] + world[2] * g_d[2], seen, sem="relaxed")
            g_k = dot(g_mean, matvec(R, p)) + dot(g_ws, s)
            tl.atomic_add(out + 9, g_k, seen, sem="relaxed")
            tl.atomic_add(out + 10, bary[0] * g_mean[0], seen, sem="relaxed")
            tl.atomic_add(out + 11, bary[0] * g_mean[1], seen, sem="relaxed")
            tl.atomic_add(out + 12, bary[0] * g_mean[2], seen, sem="relaxed")
            tl.atomic_add(out + 13, bary[1] * g_mean[0], seen, sem="relaxed")
            tl.atomic_add(out + 14, bary[1] * g_mean[1], seen, sem="relaxed")
            tl.atomic_add(out + 15, bary[1] * g_mean[2], seen, sem="relaxed")
            tl.atomic_add(out + 16, bary[2] * g_mean[0], seen, sem="relaxed")
            tl.atomic_add(out + 17, bary[2] * g_mean[1], seen, sem="relaxed")
            tl.atomic_add(out + 18, bary[2] * g_mean[2], seen, sem="relaxed")
        b += 1
    tl.store(g_position + 3 * index, px, mask)
    tl.store(g_position + 3 * index + 1, py, mask)
    tl.store(g_position + 3 * index + 2, pz, mask)
    tl.store(g_rotation + 4 * index, qw, mask)
    tl.store(g_rotation + 4 * index + 1, qx, mask)
    tl.store(g_rotation + 4 * index + 2, qy, mask)
    tl.store(g_rotation + 4 * index + 3, qz, mask)
    tl.store(g_scale + 3 * index, sx, mask)
    tl.store(g_scale + 3 * index + 1, sy, mask)
    tl.store(g_scale + 3 * index + 2, sz, mask)
    # dL/d(logit) = dL/d(log alpha) (1 - opacity).
    tl.store(g_opacity + index, o * (1.0 - alpha), mask)
    tl.store(g_colour + 3 * index, cr, mask)
    tl.store(g_colour + 3 * index + 1, cg, mask)
    tl.store(g_colour + 3 * index + 2, cb, mask)
    tl.store(g_sh + 9 * index, s00, mask)
    tl.store(g_sh + 9 * index + 1, s01, mask)
    tl.store(g_sh + 9 * index + 2, s02, mask)
    tl.store(g_sh + 9 * index + 3, s10, mask)
    tl.store(g_sh + 9 * index + 4, s11, mask)
    tl.store(g_sh + 9 * index + 5, s12, mask)
    tl.store(g_sh + 9 * index + 6, s20, mask)
    tl.store(g_sh + 9 * index + 7, s21, mask)
    tl.store(g_sh + 9 * index + 8, s22, mask)
    tl.store(g_motion + index, motion, mask)
    tl.store(g_weight + index, weight, mask)
    tl.store(g_views + index, seen_views, mask)


def project_bound(bound: Bound, posed: Posed, views: Tensor, width: int, height: int, out: ProjectedSplats) -> None:
    """Writes ``out`` (B, N) for ``views`` (B, VIEW) of pictures of one size."""
    n, faces, k = len(bound), posed.frames.shape[1], posed.psi.shape[1]
    bound_kernel[(triton.cdiv(n, BLOCK), len(views))](
        bound.face, bound.barycentric, bound.position, bound.rotation, bound.scale, bound.opacity, bound.colour,
        bound.sh, bound.table, posed.frames, posed.psi, posed.pose, views, out.record, out.rect, out.depth,
        n, faces, k, posed.psi.stride(0), width, height, RAW=bound.raw, BLOCK=BLOCK, num_warps=2,
    )  # fmt: skip


def project_bound_backward(
    bound: Bound,
    posed: Posed,
    views: Tensor,
    width: int,
    height: int,
    splats: ProjectedSplats,
    sums: Tensor,
    least_weight: float,
    out: BoundGradients,
) -> None:
    """Fills ``out`` from ``sums`` (B, N, SUMS); ``bound`` is raw. ``out.frames`` is added to."""
    n, faces, k = len(bound), posed.frames.shape[1], posed.psi.shape[1]
    bound_backward_kernel[(triton.cdiv(n, BLOCK),)](
        bound.face, bound.barycentric, bound.position, bound.rotation, bound.scale, bound.opacity, bound.colour,
        bound.sh, bound.table, posed.frames, posed.psi, posed.pose, views, splats.depth, sums,
        out.position, out.rotation, out.scale, out.opacity, out.colour, out.sh, out.shared, out.frames,
        out.motion, out.weight, out.views, n, faces, len(views), k, posed.psi.stride(0), width, height,
        float(least_weight),
        WITH_SHARED=len(out.shared) > 0, WITH_FRAMES=len(out.frames) > 0, BLOCK=BLOCK, num_warps=2,
    )  # fmt: skip

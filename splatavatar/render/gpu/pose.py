"""Blendshapes and linear blend skinning of many poses; the joints come from the CPU."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from splatavatar.render.gpu.projection import matvec

BLOCK = 128


@triton.jit
def pose_kernel(
    template, basis, skin_joints, skin_weights, numbers, vertices, count, shapes, stride,
    INFLUENCES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    pose = tl.program_id(1)
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    x = tl.load(template + 3 * index, mask, other=0.0)
    y = tl.load(template + 3 * index + 1, mask, other=0.0)
    z = tl.load(template + 3 * index + 2, mask, other=0.0)
    coefficients = numbers + pose * stride
    e = 0
    while e < shapes:
        weight = tl.load(coefficients + e)
        if weight != 0.0:
            row = basis + (e * count + index) * 3
            x += weight * tl.load(row, mask, other=0.0)
            y += weight * tl.load(row + 1, mask, other=0.0)
            z += weight * tl.load(row + 2, mask, other=0.0)
        e += 1
    joints = coefficients + shapes
    px, py, pz = tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.float32), tl.zeros([BLOCK], tl.float32)
    for k in tl.static_range(INFLUENCES):
        share = tl.load(skin_weights + INFLUENCES * index + k, mask, other=0.0)
        m = joints + 12 * tl.load(skin_joints + INFLUENCES * index + k, mask, other=0)
        R = (
            tl.load(m, mask, other=0.0), tl.load(m + 1, mask, other=0.0), tl.load(m + 2, mask, other=0.0),
            tl.load(m + 4, mask, other=0.0), tl.load(m + 5, mask, other=0.0), tl.load(m + 6, mask, other=0.0),
            tl.load(m + 8, mask, other=0.0), tl.load(m + 9, mask, other=0.0), tl.load(m + 10, mask, other=0.0),
        )  # fmt: skip
        moved = matvec(R, (x, y, z))
        px += share * (moved[0] + tl.load(m + 3, mask, other=0.0))
        py += share * (moved[1] + tl.load(m + 7, mask, other=0.0))
        pz += share * (moved[2] + tl.load(m + 11, mask, other=0.0))
    out = vertices + (pose * count + index) * 3
    tl.store(out, px, mask)
    tl.store(out + 1, py, mask)
    tl.store(out + 2, pz, mask)


def pose_vertices(
    template: Tensor, basis: Tensor, skin_joints: Tensor, skin_weights: Tensor, numbers: Tensor, vertices: Tensor
) -> None:
    """Writes ``vertices`` (P, V, 3) of P poses.

    Args:
        template: (V, 3)
        basis: (B, V, 3) expressions, and pose correctives
        skin_joints: (V, W) int32
        skin_weights: (V, W)
        numbers: (P, S) weights of the basis (B), then the map of each joint from rest to pose (J, 3, 4), then anything.
    """
    poses, count = vertices.shape[0], template.shape[0]
    pose_kernel[(triton.cdiv(count, BLOCK), poses)](
        template, basis, skin_joints, skin_weights, numbers, vertices, count, basis.shape[0], numbers.stride(0),
        INFLUENCES=skin_joints.shape[1], BLOCK=BLOCK,
    )  # fmt: skip

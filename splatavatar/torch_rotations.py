"""Rotations in torch, differentiable everywhere: matrices of axis-angle vectors and of quaternions (wxyz).

The twin of ``rotations``, whose names these have; any floating-point type, on any device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def rotation_matrices(axis_angle: Tensor) -> Tensor:
    """The matrices (..., 3, 3) of axis-angle vectors (..., 3) in radians: Rodrigues' formula, smooth through zero."""
    square = (axis_angle**2).sum(-1)[..., None, None]
    small = square < 1e-6
    # Below the threshold the Taylor series in the squared angle is exact to 1e-19 and has a gradient at zero; the other
    # branch is kept away from zero so that its gradient, though unused there, stays finite.
    angle = torch.sqrt(torch.where(small, torch.ones_like(square), square))
    sine = torch.where(small, 1 - square / 6 + square**2 / 120, torch.sin(angle) / angle)
    cosine = torch.where(small, 0.5 - square / 24 + square**2 / 720, 2 * torch.sin(angle / 2) ** 2 / angle**2)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    eye = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    turn: Tensor = eye + sine * cross + cosine * (cross @ cross)
    return turn


def quaternions_of_matrices(matrices: Tensor) -> Tensor:
    """The quaternions wxyz (..., 4), not normalised, of rotation matrices (..., 3, 3).

    Of the four columns of the symmetric matrix 4 q q^T the one with the largest diagonal is taken, which is exact at
    every angle.
    """
    m = matrices
    t = [m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]]
    ww, xx = 1 + t[0] + t[1] + t[2], 1 + t[0] - t[1] - t[2]
    yy, zz = 1 - t[0] + t[1] - t[2], 1 - t[0] - t[1] + t[2]
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    columns = torch.stack([ww, wx, wy, wz, wx, xx, xy, xz, wy, xy, yy, yz, wz, xz, yz, zz], -1)
    largest = torch.stack([ww, xx, yy, zz], -1).argmax(-1)
    columns = columns.reshape(-1, 4, 4)
    chosen = columns[torch.arange(len(columns), device=m.device), largest.flatten()]
    return chosen.reshape(*m.shape[:-2], 4)


def matrices_of_quaternions(quaternion: Tensor) -> Tensor:
    """The matrices (..., 3, 3) of quaternions wxyz (..., 4) of any length but zero."""
    w, x, y, z = normalize(quaternion, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(*quaternion.shape[:-1], 3, 3)


def quaternion_product(p: Tensor, q: Tensor) -> Tensor:
    """The Hamilton products (..., 4) of quaternions wxyz (..., 4): the turn by ``q``, then by ``p``."""
    pw, px, py, pz = p.unbind(-1)
    qw, qx, qy, qz = q.unbind(-1)
    return torch.stack(
        [
            pw * qw - px * qx - py * qy - pz * qz,
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
        ],
        -1,
    )

"""The frames of triangles in torch: the differentiable twin of ``binding``."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def triangle_frames(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """The rotations (..., F, 3, 3), with columns edge, normal, edge x normal, and the sizes (..., F) of triangles.

    ``vertices`` (..., V, 3) are in the world frame in metres, ``faces`` (F, 3) int64 index them.
    """
    corner = vertices[..., faces, :]
    edge, side = corner[..., 1, :] - corner[..., 0, :], corner[..., 2, :] - corner[..., 0, :]
    a, n = normalize(edge, dim=-1), normalize(torch.linalg.cross(edge, side), dim=-1)
    b = torch.linalg.cross(a, n)
    return torch.stack([a, n, b], -1), 0.5 * (edge.norm(dim=-1) + (b * side).sum(-1).abs())

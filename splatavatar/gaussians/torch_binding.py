"""From triangles to the world in torch: the differentiable twin of ``binding``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.torch_rotations import quaternion_product, quaternions_of_matrices


def triangle_frames(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """The rotations (..., F, 3, 3), with columns edge, normal, edge x normal, and the sizes (..., F) of triangles.

    ``vertices`` (..., V, 3) are in the world frame in metres, ``faces`` (F, 3) int64 index them.
    """
    corner = vertices[..., faces, :]
    edge, side = corner[..., 1, :] - corner[..., 0, :], corner[..., 2, :] - corner[..., 0, :]
    a, n = normalize(edge, dim=-1), normalize(torch.linalg.cross(edge, side), dim=-1)
    b = torch.linalg.cross(a, n)
    return torch.stack([a, n, b], -1), 0.5 * (edge.norm(dim=-1) + (b * side).sum(-1).abs())


@dataclass(frozen=True)
class BoundTensors:
    """N Gaussians in the frames of triangles, as tensors; shapes and units as in ``BoundGaussians``."""

    face: Tensor
    """(N) int64"""
    barycentric: Tensor
    """(N, 3)"""
    position: Tensor
    """(N, 3)"""
    rotation: Tensor
    """(N, 4) quaternion wxyz, any length but zero"""
    scale: Tensor
    """(N, 3)"""
    opacity: Tensor
    """(N)"""
    colour: Tensor
    """(N, 3)"""
    sh: Tensor
    """(N, 3, 3)"""


def to_world(bound: BoundTensors, vertices: Tensor, faces: Tensor, eye: Tensor | None = None) -> Gaussians[Tensor]:
    """The Gaussians on posed ``vertices`` (V, 3), metres; differentiable in everything but ``faces`` (F, 3) int64.

    With ``eye`` (3), the place of the camera, metres, colours are those that it sees, not below 0; without, the part
    that does not depend on the view, as stored.
    """
    frames, size = triangle_frames(vertices, faces)
    R, k = frames[bound.face], size[bound.face, None]
    origin = torch.einsum("nc,nci->ni", bound.barycentric, vertices[faces[bound.face]])
    mean = origin + k * torch.einsum("nij,nj->ni", R, bound.position)
    colour = bound.colour
    if eye is not None:
        direction = torch.einsum("nji,nj->ni", R, normalize(mean - eye, dim=-1))
        colour = (colour + torch.einsum("nci,ni->nc", bound.sh, direction)).clamp(min=0)
    rotation = quaternion_product(quaternions_of_matrices(R), normalize(bound.rotation, dim=-1))
    return Gaussians(mean, rotation, k * bound.scale, bound.opacity, colour)

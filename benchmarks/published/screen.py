"""Gaussians as they stand in a picture: their radius there, and the gradient that adaptive density control looks at."""

from __future__ import annotations

import torch
from torch import Tensor

from published.scene import View
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.splatting import DILATION, NEAR
from splatavatar.torch_rotations import matrices_of_quaternions


def radii(gaussians: Gaussians[Tensor], view: View) -> Tensor:
    """(N) pixels: three standard deviations along the longer axis, 0 where that does not reach into the picture."""
    R, t = view.T_camera_world[:3, :3], view.T_camera_world[:3, 3]
    x, y, z = (gaussians.mean @ R.T + t).unbind(-1)
    depth = z.clamp(min=NEAR)
    K, camera = view.camera.K, view.camera
    fx, fy = float(K[0, 0]), float(K[1, 1])
    zero = torch.zeros_like(x)
    jacobian = torch.stack([fx / depth, zero, -fx * x / depth**2, zero, fy / depth, -fy * y / depth**2], -1)
    half = jacobian.reshape(-1, 2, 3) @ R @ (matrices_of_quaternions(gaussians.rotation) * gaussians.scale[:, None])
    a = half[:, 0].square().sum(-1) + DILATION
    c = half[:, 1].square().sum(-1) + DILATION
    b = (half[:, 0] * half[:, 1]).sum(-1)
    longest = (a + c) / 2 + ((a - c).square() / 4 + b * b).sqrt()
    radius = longest.sqrt() * 3
    u, v = fx * x / depth + float(K[0, 2]), fy * y / depth + float(K[1, 2])
    inside = (u + radius > 0) & (u - radius < camera.width) & (v + radius > 0) & (v - radius < camera.height)
    return torch.where((z > NEAR) & inside, radius, zero)


def motion(mean: Tensor, gradient: Tensor, view: View) -> Tensor:
    """(N) length of the gradient of the projected position in units of half the picture (Kerbl et al. 2023).

    From the ``gradient`` (N, 3) of the ``mean`` (N, 3) in the world: its part across the line of sight.
    """
    T, camera = view.T_camera_world, view.camera
    depth = (mean @ T[2, :3] + T[2, 3]).clamp(min=NEAR)
    across = gradient @ T[:2, :3].T
    horizontal = across[:, 0] * depth / float(camera.K[0, 0]) * (camera.width / 2)
    vertical = across[:, 1] * depth / float(camera.K[1, 1]) * (camera.height / 2)
    length: Tensor = torch.stack([horizontal, vertical]).norm(dim=0)
    return length

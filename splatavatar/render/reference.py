"""The rasterizer as dense torch: every Gaussian at every pixel.

Slow, short, any precision: the oracle of the other backends.
"""

from __future__ import annotations

import torch
from torch import Tensor

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.splatting import DILATION, MAX_ALPHA, MIN_ALPHA, NEAR
from splatavatar.torch_rotations import matrices_of_quaternions


def project(gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera) -> tuple[Tensor, Tensor, Tensor]:
    """Means (N, 2) in pixels, covariances (N, 2, 2) in pixels^2 with the dilation, depths (N) in metres.

    The Jacobian of the projection is taken at most 0.3 half-fields outside of the picture, as in gsplat.
    """
    R, t = T_camera_world[:3, :3], T_camera_world[:3, 3]
    fx, fy, cx, cy = (float(camera.K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    point = gaussians.mean @ R.T + t
    depth = point[:, 2].clamp(min=NEAR)
    x, y = point[:, 0] / depth, point[:, 1] / depth
    margin_x, margin_y = 0.15 * camera.width / fx, 0.15 * camera.height / fy
    jacobian_x = x.clamp(-cx / fx - margin_x, (camera.width - cx) / fx + margin_x)
    jacobian_y = y.clamp(-cy / fy - margin_y, (camera.height - cy) / fy + margin_y)
    zero = torch.zeros_like(depth)
    rows = [fx / depth, zero, -fx * jacobian_x / depth, zero, fy / depth, -fy * jacobian_y / depth]
    J = torch.stack(rows, -1).reshape(-1, 2, 3)
    axes = J @ R @ (matrices_of_quaternions(gaussians.rotation) * gaussians.scale[:, None, :])
    covariance = axes @ axes.mT + DILATION * torch.eye(2, dtype=axes.dtype, device=axes.device)
    return torch.stack([fx * x + cx, fy * y + cy], -1), covariance, point[:, 2]


def rasterize_reference(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``.

    Memory is N x H x W. Rays are not cut at transmittance 1e-4 as in the other backends: that changes less than 1e-4 of
    the brightest colour.
    """
    mean, covariance, depth = project(gaussians, T_camera_world, camera)
    order = torch.argsort(depth, stable=True)
    order = order[depth[order] > NEAR]
    mean, conic = mean[order], torch.linalg.inv(covariance[order])
    opacity, colour = gaussians.opacity[order], gaussians.colour[order]
    dtype, device = mean.dtype, mean.device
    rows, columns = torch.meshgrid(
        torch.arange(camera.height, dtype=dtype, device=device) + 0.5,
        torch.arange(camera.width, dtype=dtype, device=device) + 0.5,
        indexing="ij",
    )
    offset = torch.stack([columns, rows], -1) - mean[:, None, None, :]  # (N, H, W, 2)
    power = -0.5 * torch.einsum("nhwi,nij,nhwj->nhw", offset, conic, offset)
    alpha = opacity[:, None, None] * torch.exp(power)
    alpha = torch.where(alpha >= MIN_ALPHA, alpha.clamp(max=MAX_ALPHA), torch.zeros_like(alpha))
    passed = torch.cumprod(1 - alpha, 0)
    before = torch.cat([torch.ones_like(passed[:1]), passed[:-1]]) if len(order) else passed
    picture = torch.einsum("nhw,nc->hwc", before * alpha, colour)
    left = passed[-1] if len(order) else torch.ones(camera.height, camera.width, dtype=dtype, device=device)
    behind = torch.tensor(background, dtype=dtype, device=device)
    return Image(picture + left[..., None] * behind, 1 - left)

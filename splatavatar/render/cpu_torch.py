"""The native backend as a differentiable torch function."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera, Image
from splatavatar.render.cpu import PIXEL
from splatavatar.render.drawable import check_size


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, camera: Camera, T_camera_world: Tensor, *fields: Tensor) -> Tensor:
        mean, rotation, scale, opacity, colour = (f.detach().to(torch.float32).contiguous() for f in fields)
        pose = T_camera_world.detach().to(torch.float64).contiguous()
        rasterizer = _native.Rasterizer()
        planes = torch.empty(4, camera.height, camera.width)
        rasterizer.forward_world(mean, rotation, scale, opacity, colour, pose, camera.K, planes)
        ctx.save_for_backward(planes, mean, rotation, scale, opacity, colour)
        ctx.rasterizer, ctx.dtype = rasterizer, T_camera_world.dtype
        return planes

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        planes, *fields = ctx.saved_tensors
        out = [torch.empty_like(f) for f in fields]
        pose = torch.zeros(4, 4, dtype=torch.float64)
        ctx.rasterizer.backward_world(*fields, planes, gradients[0].to(torch.float32).contiguous(), *out, pose)
        return None, pose.to(ctx.dtype), *out


def rasterize_cpu(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``; computes in float32 whatever the dtype of the tensors."""
    check_size(camera.width, camera.height, PIXEL)
    fields = (gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour)
    planes: Tensor = _Rasterize.apply(camera, T_camera_world, *fields)  # type: ignore[no-untyped-call]
    behind = torch.tensor(background, dtype=planes.dtype)
    return Image(planes[:3].permute(1, 2, 0) + planes[3, ..., None] * behind, 1 - planes[3])

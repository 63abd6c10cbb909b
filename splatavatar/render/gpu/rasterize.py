"""The cuda backend: ``rasterize`` as a differentiable torch function on the kernels of this folder."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.gpu.blend import blend_backward, blend_planes
from splatavatar.render.gpu.projection import SUMS
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.gpu.tiles import FIRST_ENTRIES, Grid, TileLists, capacity_for, map_to_tiles
from splatavatar.render.gpu.views import pack_views
from splatavatar.render.gpu.world import project_world, project_world_backward


def view_of(T_camera_world: Tensor, camera: Camera) -> Tensor:
    """The view (VIEW) of ``camera`` moved to ``T_camera_world`` (4, 4), made on its device: nothing waits for it."""
    packed = torch.from_numpy(pack_views([camera])[0]).to(T_camera_world)
    R, t = T_camera_world[:3, :3], T_camera_world[:3, 3]
    return torch.cat([R.flatten(), t, packed[12:16], -(R.T @ t), packed[19:]])


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, camera: Camera, T_camera_world: Tensor, *tensors: Tensor) -> Tensor:
        gaussians = Gaussians(*(t.detach().to(torch.float32).contiguous() for t in tensors))
        n, device = len(gaussians.mean), gaussians.mean.device
        view = view_of(T_camera_world.detach(), camera).to(device, torch.float32)
        grid = Grid(1, camera.width, camera.height)
        splats = ProjectedSplats.room(1, n, device)
        planes = torch.empty(1, 4, camera.height, camera.width, device=device)
        if n == 0:
            planes.zero_()[:, 3] = 1
            ctx.gaussians, ctx.dtype = gaussians, T_camera_world.dtype
            return planes[0]
        project_world(gaussians, view, camera.width, camera.height, splats)
        lists = TileLists.room(grid, capacity_for(FIRST_ENTRIES * n), device)
        map_to_tiles(splats, grid, lists)
        wanted = int(lists.wanted)
        if wanted > len(lists.splat):
            lists = TileLists.room(grid, capacity_for(wanted), device)
            map_to_tiles(splats, grid, lists)
        blend_planes(lists, grid, planes)
        ctx.save_for_backward(planes)
        ctx.gaussians, ctx.view, ctx.splats, ctx.grid, ctx.lists = gaussians, view, splats, grid, lists
        ctx.dtype = T_camera_world.dtype
        return planes[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        gaussians, n = ctx.gaussians, len(ctx.gaussians.mean)
        if n == 0:
            none = [torch.zeros_like(getattr(gaussians, f.name)) for f in fields(Gaussians)]
            return None, torch.zeros(4, 4, dtype=ctx.dtype, device=gaussians.mean.device), *none
        (planes,) = ctx.saved_tensors
        sums = torch.zeros(1, n, SUMS, device=planes.device)
        blend_backward(ctx.lists, ctx.grid, planes, gradients[0][None].to(torch.float32).contiguous(), sums)
        out, pose = project_world_backward(gaussians, ctx.view, ctx.splats, sums)
        return None, pose.to(ctx.dtype), *(getattr(out, f.name) for f in fields(Gaussians))


def rasterize_gpu(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``; computes in float32 whatever the dtype of the tensors."""
    tensors = (gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour)
    planes: Tensor = _Rasterize.apply(camera, T_camera_world, *tensors)
    behind = torch.tensor(background, dtype=planes.dtype, device=planes.device)
    return Image(planes[:3].permute(1, 2, 0) + planes[3, ..., None] * behind, 1 - planes[3])

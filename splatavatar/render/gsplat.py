"""The gsplat backend, for tensors on an NVIDIA GPU: another implementation to measure ours against."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.gpu_check import gsplat_problem
from splatavatar.render.splatting import DILATION, NEAR


def gsplat_arguments(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> dict[str, Any]:
    """Keyword arguments of ``gsplat.rasterization`` (1.5.3 and later) for one camera."""
    dtype, device = gaussians.mean.dtype, gaussians.mean.device
    return {
        "means": gaussians.mean,
        "quats": gaussians.rotation,
        "scales": gaussians.scale,
        "opacities": gaussians.opacity,
        "colors": gaussians.colour,
        "viewmats": T_camera_world[None],
        "Ks": torch.as_tensor(camera.K, dtype=dtype, device=device)[None],
        "width": camera.width,
        "height": camera.height,
        "near_plane": NEAR,
        "eps2d": DILATION,
        "sh_degree": None,
        "backgrounds": torch.tensor([background], dtype=dtype, device=device),
        "packed": False,
        "rasterize_mode": "classic",
    }


def rasterize_gsplat(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``.

    Raises:
        DependencyError: gsplat cannot work on this machine.
        SettingsError: the tensors are not on a GPU.
    """
    if problem := gsplat_problem():
        raise DependencyError(f"the gsplat backend cannot work here: {problem}")
    if not gaussians.mean.is_cuda:
        raise SettingsError(f"the gsplat backend takes tensors on a GPU, got tensors on {gaussians.mean.device}")
    from gsplat import rasterization

    colour, alpha, _ = rasterization(**gsplat_arguments(gaussians, T_camera_world, camera, background))
    return Image(colour[0], alpha[0, ..., 0])

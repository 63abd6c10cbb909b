"""The gsplat backend, for tensors on an NVIDIA GPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from splatavatar.errors import DependencyError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera
from splatavatar.render.image import Image
from splatavatar.render.rasterize import DILATION, NEAR


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


def rasterize_cuda(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``.

    Raises:
        DependencyError: no CUDA device, or no gsplat.
    """
    if not torch.cuda.is_available():
        raise DependencyError(
            "the cuda backend needs an NVIDIA GPU and a CUDA build of torch, none was found; use --device cpu"
        )
    try:
        from gsplat import rasterization
    except ImportError as error:
        raise DependencyError(
            'the cuda backend needs gsplat; install it with: pip install "splatavatar[cuda]"'
        ) from error
    colour, alpha, _ = rasterization(**gsplat_arguments(gaussians, T_camera_world, camera, background))
    return Image(colour[0], alpha[0, ..., 0])

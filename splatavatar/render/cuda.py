"""The cuda backend: the Triton kernels of ``gpu`` for tensors on an NVIDIA GPU."""

from __future__ import annotations

from torch import Tensor

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.gpu_check import cuda_problem


def rasterize_cuda(
    gaussians: Gaussians[Tensor], T_camera_world: Tensor, camera: Camera, background: tuple[float, float, float]
) -> Image[Tensor]:
    """See ``rasterize``; computes in float32 whatever the dtype of the tensors.

    Raises:
        DependencyError: CUDA cannot work on this machine.
        SettingsError: the tensors are not on a GPU.
    """
    if not gaussians.mean.is_cuda:
        if problem := cuda_problem():
            raise DependencyError(f"the cuda backend cannot work here: {problem}")
        raise SettingsError(f"the cuda backend takes tensors on a GPU, got tensors on {gaussians.mean.device}")
    from splatavatar.render.gpu.rasterize import rasterize_gpu

    return rasterize_gpu(gaussians, T_camera_world, camera, background)

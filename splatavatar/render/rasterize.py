"""One function from Gaussians to a picture, whatever computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.drawable import check_camera, check_size

if TYPE_CHECKING:
    import torch

Backend = Literal["auto", "cpu", "cuda", "gsplat", "reference"]
BACKENDS: tuple[Backend, ...] = ("auto", "cpu", "cuda", "gsplat", "reference")


@overload
def rasterize(
    gaussians: Gaussians[NDArray[np.float32]],
    camera: Camera,
    background: tuple[float, float, float] = ...,
    backend: Backend = ...,
) -> Image[NDArray[np.float32]]: ...


@overload
def rasterize(
    gaussians: Gaussians[torch.Tensor],
    camera: Camera,
    background: tuple[float, float, float] = ...,
    backend: Backend = ...,
    T_camera_world: torch.Tensor | None = ...,
) -> Image[torch.Tensor]: ...


def rasterize(
    gaussians: Any,
    camera: Camera,
    background: tuple[float, float, float] = (0.0, 0.0, 0.0),
    backend: Backend = "auto",
    T_camera_world: Any = None,
) -> Any:
    """Splat Gaussians into a picture (EWA splatting of Kerbl et al. 2023, section 4 and 6).

    Args:
        gaussians: N Gaussians in the world. Numpy arrays give a numpy picture; torch tensors give a picture that is
            differentiable with respect to every field. On the CPU those whose place, size or colour is not finite are
            left out.
        camera: where to look from; its size is the size of the picture.
        background: RGB behind the Gaussians.
        backend: ``cpu`` (native), ``cuda`` (Triton kernels), ``gsplat`` (the library, on a GPU), ``reference`` (dense
            torch, any precision, small scenes only) or ``auto``: ``cuda`` for tensors on a GPU, else ``cpu``.
        T_camera_world: optional (4, 4) tensor that replaces the camera's own pose and receives a gradient.

    Returns:
        The picture. The backends agree within 1/255 (``gsplat`` within 2/255).

    Raises:
        SettingsError: unknown backend, numpy arrays given to a backend other than ``cpu``, tensors on the CPU given to
            one of a GPU, a size or a camera that cannot be drawn, too many large Gaussians, or too little memory.
        DependencyError: the backend cannot work on this machine.
    """
    if backend not in BACKENDS:
        raise SettingsError(f"unknown backend {backend!r}; the backends are {', '.join(BACKENDS)}")
    check_size(camera.width, camera.height, 0)
    check_camera(camera)
    if isinstance(gaussians.mean, np.ndarray):
        if backend not in ("auto", "cpu"):
            raise SettingsError(f"the {backend} backend takes torch tensors, got numpy arrays")
        from splatavatar.render.cpu import rasterize_numpy

        return rasterize_numpy(gaussians, camera, background)
    if backend == "auto":
        backend = "cuda" if gaussians.mean.is_cuda else "cpu"
    import torch

    if T_camera_world is None:
        dtype, device = gaussians.mean.dtype, gaussians.mean.device
        T_camera_world = torch.as_tensor(camera.T_camera_world, dtype=dtype, device=device)
    if backend == "cpu":
        from splatavatar.render.cpu_torch import rasterize_cpu as run
    elif backend == "cuda":
        from splatavatar.render.cuda import rasterize_cuda as run
    elif backend == "gsplat":
        from splatavatar.render.gsplat import rasterize_gsplat as run
    else:
        from splatavatar.render.reference import rasterize_reference as run
    return run(gaussians, T_camera_world, camera, background)

"""The native backend on numpy arrays. Needs no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.image import Image

Floats = NDArray[np.float32]


def rasterize_numpy(
    gaussians: Gaussians[Floats], camera: Camera, background: tuple[float, float, float]
) -> Image[Floats]:
    """See ``rasterize``. Threads: SPLATAVATAR_THREADS, else every core this process may use."""
    fields = (gaussians.mean, gaussians.rotation, gaussians.scale, gaussians.opacity, gaussians.colour)
    planes = np.empty((4, camera.height, camera.width), np.float32)
    _native.Rasterizer().forward_world(
        *(np.ascontiguousarray(f, np.float32) for f in fields), camera.T_camera_world, camera.K, planes
    )
    colour = np.moveaxis(planes[:3] + planes[3] * np.asarray(background, np.float32)[:, None, None], 0, -1)
    return Image(np.ascontiguousarray(colour), 1 - planes[3])

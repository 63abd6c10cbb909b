"""The native backend on numpy arrays. Needs no torch."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera, Image
from splatavatar.render.drawable import check_size

PIXEL = 4 * (4 + 3 * 3 + 1)
"""bytes that a pixel takes: planes, three pictures on the way to colour over the background, and alpha"""


def rasterize_numpy(
    gaussians: Gaussians[Floats], camera: Camera, background: tuple[float, float, float]
) -> Image[Floats]:
    """See ``rasterize``. Threads: SPLATAVATAR_THREADS, else every core this process may use."""
    check_size(camera.width, camera.height, PIXEL)
    planes = np.empty((4, camera.height, camera.width), np.float32)
    _native.Rasterizer().forward_world(
        np.ascontiguousarray(gaussians.mean, np.float32),
        np.ascontiguousarray(gaussians.rotation, np.float32),
        np.ascontiguousarray(gaussians.scale, np.float32),
        np.ascontiguousarray(gaussians.opacity, np.float32),
        np.ascontiguousarray(gaussians.colour, np.float32),
        camera.T_camera_world,
        camera.K,
        planes,
    )
    colour = np.moveaxis(planes[:3] + planes[3] * np.asarray(background, np.float32)[:, None, None], 0, -1)
    return Image(np.ascontiguousarray(colour), 1 - planes[3])

"""Cameras as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera

VIEW = 24
"""floats of a view: R row-major (9), t (3), fx, fy, cx, cy, eye (3), limits of x/z and of y/z (4), padding"""


def pack_views(cameras: Sequence[Camera]) -> NDArray[np.float32]:
    """The views (B, VIEW) of cameras whose pictures have one size.

    The Jacobian of the projection is taken at most 0.3 half-fields outside of the picture, as on the CPU.

    Raises:
        SettingsError: the sizes differ, or there are no cameras.
    """
    sizes = {(camera.width, camera.height) for camera in cameras}
    if len(sizes) != 1:
        found = ", ".join(f"{w}x{h}" for w, h in sorted(sizes)) or "no camera"
        raise SettingsError(f"the views of a batch must have one size, got {found}")
    packed = np.zeros((len(cameras), VIEW))
    for row, camera in zip(packed, cameras, strict=True):
        fx, fy, cx, cy = camera.K[0, 0], camera.K[1, 1], camera.K[0, 2], camera.K[1, 2]
        margin_x, margin_y = 0.15 * camera.width / fx, 0.15 * camera.height / fy
        row[:9] = camera.T_camera_world[:3, :3].ravel()
        row[9:12] = camera.T_camera_world[:3, 3]
        row[12:16] = fx, fy, cx, cy
        row[16:19] = camera.position
        row[19:21] = -cx / fx - margin_x, (camera.width - cx) / fx + margin_x
        row[21:23] = -cy / fy - margin_y, (camera.height - cy) / fy + margin_y
    return packed.astype(np.float32)

"""What can be drawn: a picture of a size that makes sense, seen by a camera that does, where there is memory for it."""

from __future__ import annotations

import numpy as np

from splatavatar.errors import SettingsError
from splatavatar.render.camera import Camera
from splatavatar.render.splatting import LARGEST


def check_size(width: int, height: int, pixel: int) -> None:
    """Says before a picture is made that it cannot be; on the CPU it takes ``pixel`` bytes a pixel, elsewhere 0.

    Raises:
        SettingsError: a side is no whole number from 1 to ``LARGEST``, or there is not that much memory.
    """
    for side in (width, height):
        if isinstance(side, bool) or not isinstance(side, int | np.integer) or not 1 <= side <= LARGEST:
            raise SettingsError(
                f"a picture of {width}x{height} pixels cannot be drawn; each side must be from 1 to {LARGEST}"
            )
    if pixel:
        from splatavatar.render import _native

        _native.check_memory(int(width) * int(height) * pixel)


def check_camera(camera: Camera) -> None:
    """Says that a camera cannot see.

    Raises:
        SettingsError: a matrix of it has the wrong shape or values that are not finite in single precision, or a focal
            length is not above 0.
    """
    seen = all(
        np.shape(matrix) == shape and bool((np.abs(matrix) <= np.finfo(np.float32).max).all())  # false for NaN
        for matrix, shape in ((camera.K, (3, 3)), (camera.T_camera_world, (4, 4)))
    )
    if not seen or min(camera.K[0, 0], camera.K[1, 1]) <= 0:
        raise SettingsError(
            "the camera is none that pictures can be drawn with: its K and T_camera_world must be finite in single "
            "precision and its focal lengths above 0"
        )

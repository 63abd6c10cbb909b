"""Where the avatar is looked at from, as a file says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.framing import FARTHEST
from splatavatar.errors import SettingsError
from splatavatar.input import read_json
from splatavatar.render.camera import Camera

WIDEST, NARROWEST = 20.0, 1000.0
"""focal length over the longer side of a picture: 1 / 20 looks 168 degrees wide, 1000 a twentieth of one"""
ASIDE = 100.0
"""longer sides by which the principal point may be off"""


def camera_from_file(path: str | Path) -> Camera:
    """A camera from JSON: ``T_camera_world`` (4x4), ``K`` (3x3, pixels), ``width``, ``height``.

    Raises SettingsError.
    """
    document = read_json(path, SettingsError, "a camera")
    keys = ("T_camera_world", "K", "width", "height")
    missing = [key for key in keys if not isinstance(document, dict) or key not in document]
    if missing:
        raise SettingsError(f"{path}: a camera needs {', '.join(keys)}; missing: {', '.join(missing)}.")
    T, K = _matrix(document["T_camera_world"], 4, "T_camera_world", path), _matrix(document["K"], 3, "K", path)
    rotation = T[:3, :3]
    # Of entries that are none of a rotation the products may overflow.
    small = np.abs(rotation).max() < 2
    if not (small and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) and np.linalg.det(rotation) > 0):
        raise SettingsError(f"{path}: the upper 3x3 of T_camera_world is not a rotation.")
    if not np.array_equal(T[3], [0, 0, 0, 1]):
        raise SettingsError(f"{path}: the last row of T_camera_world must be 0, 0, 0, 1.")
    if not np.abs(T[:3, 3]).max() <= FARTHEST:
        raise SettingsError(f"{path}: T_camera_world is beyond {FARTHEST:g} metres.")
    if not (K[0, 0] > 0 and K[1, 1] > 0):
        raise SettingsError(f"{path}: the focal lengths K[0][0] and K[1][1] must be above 0.")
    sizes = document["width"], document["height"]
    for name, size in zip(("width", "height"), sizes, strict=True):
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 8192:
            raise SettingsError(f"{path}: {name} must be a whole number of pixels between 1 and 8192, got {size!r}.")
    longer = max(sizes)
    for value in (K[0, 0], K[1, 1]):
        if not longer / WIDEST <= value <= longer * NARROWEST:
            raise SettingsError(
                f"{path}: a focal length of {value:g} pixels; expected {longer / WIDEST:g} to {longer * NARROWEST:g} "
                f"for a picture of {sizes[0]}x{sizes[1]}."
            )
    if not np.abs(K[:2, 2]).max() <= longer * ASIDE:
        raise SettingsError(
            f"{path}: the principal point ({K[0, 2]:g}, {K[1, 2]:g}) is nowhere near a picture of "
            f"{sizes[0]}x{sizes[1]}."
        )
    if K[0, 1] != 0 or not np.array_equal(K[1:, 0], [0, 0]) or not np.array_equal(K[2], [0, 0, 1]):
        raise SettingsError(f"{path}: K must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]: there is no skew.")
    return Camera(T, K, *sizes)


def _matrix(values: Any, n: int, name: str, path: str | Path) -> NDArray[np.float64]:
    rows = values if isinstance(values, list) and len(values) == n else []
    plain = [
        [float(value) for value in row if isinstance(value, int | float) and not isinstance(value, bool)]
        for row in rows
        if isinstance(row, list) and len(row) == n
    ]
    if [len(row) for row in plain] != [n] * n or not np.isfinite(plain).all():
        raise SettingsError(f"{path}: {name} must be {n}x{n} finite numbers.")
    return np.array(plain, np.float64)

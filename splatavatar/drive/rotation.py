"""The few rotations a drive needs, in numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def axis_angle_from_yaw_pitch_roll(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> NDArray[np.float64]:
    """(..., 3) axis-angle of R = R_y(yaw) R_x(pitch) R_z(roll): radians, about +Y (up), +X (left) and +Z (forward)."""
    y, p, r = (np.asarray(angle, np.float64) / 2 for angle in (yaw, pitch, roll))
    cy, sy, cp, sp, cr, sr = np.cos(y), np.sin(y), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    w = cy * cp * cr + sy * sp * sr
    axis = np.stack([cy * sp * cr + sy * cp * sr, sy * cp * cr - cy * sp * sr, cy * cp * sr - sy * sp * cr], -1)
    axis *= np.where(w < 0, -1.0, 1.0)[..., None]  # the short way round
    length = np.linalg.norm(axis, axis=-1)
    angle = 2 * np.arctan2(length, np.abs(w))
    return axis * np.where(length > 1e-12, angle / np.maximum(length, 1e-12), 2.0)[..., None]

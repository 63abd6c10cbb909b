"""Rotations as matrices and as axis-angle vectors, many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cross_matrices(v: Floats) -> Floats:
    """(..., 3, 3) matrices of the cross product with ``v`` (..., 3)."""
    out = np.zeros((*v.shape, 3))
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    out[..., 1, 0], out[..., 2, 0], out[..., 2, 1] = v[..., 2], -v[..., 1], v[..., 0]
    return out


def rotation_matrices(axis_angle: Floats) -> Floats:
    """(..., 3, 3) of axis-angle vectors (..., 3) in radians, by Rodrigues' formula."""
    angle = np.linalg.norm(axis_angle, axis=-1)[..., None, None]
    k = cross_matrices(axis_angle)
    small = angle < 1e-6
    safe = np.where(small, 1.0, angle)
    sine, cosine = np.where(small, 1.0, np.sin(safe) / safe), np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    return np.asarray(np.eye(3) + sine * k + cosine * (k @ k))


def axis_angles(rotation: Floats) -> Floats:
    """(..., 3) radians, of rotations (..., 3, 3) by less than half a turn."""
    skew = np.stack(
        [
            rotation[..., 2, 1] - rotation[..., 1, 2],
            rotation[..., 0, 2] - rotation[..., 2, 0],
            rotation[..., 1, 0] - rotation[..., 0, 1],
        ],
        -1,
    )
    sine = np.linalg.norm(skew, axis=-1, keepdims=True) / 2
    cosine = (np.trace(rotation, axis1=-2, axis2=-1)[..., None] - 1) / 2
    angle = np.arctan2(sine, cosine)
    return np.where(sine > 1e-8, angle * skew / np.maximum(2 * sine, 1e-12), skew / 2)

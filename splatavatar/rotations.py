"""Rotations in numpy: matrices, axis-angle vectors, quaternions (wxyz) and angles, many at once.

All is computed in double precision. ``torch_rotations`` has what must be differentiable; the native and the GPU
kernels have their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splatavatar.array_types import Doubles

_SMALLEST = 1e-300
"""below it a length is none: its inverse would be infinite"""


def cross_matrices(vectors: NDArray[Any]) -> Doubles:
    """The matrices (..., 3, 3) of the cross product with ``vectors`` (..., 3)."""
    out = np.zeros((*vectors.shape, 3))
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -vectors[..., 2], vectors[..., 1], -vectors[..., 0]
    out[..., 1, 0], out[..., 2, 0], out[..., 2, 1] = vectors[..., 2], -vectors[..., 1], vectors[..., 0]
    return out


def rotation_matrices(axis_angle: ArrayLike) -> Doubles:
    """The matrices (..., 3, 3) of axis-angle vectors (..., 3) in radians, by Rodrigues' formula."""
    vectors = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    cross = cross_matrices(vectors)
    # 1 - cos(a) is 2 sin(a / 2)^2, which cancels nothing; np.sinc(x) is sin(pi x) / (pi x), and one at zero.
    half = np.sinc(angle / (2 * np.pi))
    return np.asarray(np.eye(3) + np.sinc(angle / np.pi) * cross + half**2 / 2 * (cross @ cross))


def axis_angles(rotation: NDArray[Any]) -> Doubles:
    """The axis-angle vectors (..., 3), radians, at most half a turn, of rotation matrices (..., 3, 3).

    Precise at every angle. Of the two vectors of half a turn one is returned.
    """
    return axis_angles_of_quaternions(quaternions_of_matrices(rotation))


def quaternions(axis_angle: ArrayLike) -> Doubles:
    """The unit quaternions wxyz (..., 4) of axis-angle vectors (..., 3) in radians."""
    vectors = np.asarray(axis_angle, np.float64)
    half = np.linalg.norm(vectors, axis=-1, keepdims=True) / 2
    return np.concatenate([np.cos(half), vectors * np.sinc(half / np.pi) / 2], -1)


def axis_angles_of_quaternions(quaternion: NDArray[Any]) -> Doubles:
    """The axis-angle vectors (..., 3), radians, at most half a turn, of quaternions wxyz (..., 4) of any length but
    zero.
    """
    q = np.asarray(quaternion, np.float64)
    w, axis = q[..., :1], np.where(q[..., :1] < 0, -q[..., 1:], q[..., 1:])  # the short way round
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(length, np.abs(w))
    # Where the axis underflows, the angle is twice its share of the quaternion.
    short = length < _SMALLEST
    scale = np.where(short, 2 / np.where(short & (w != 0), np.abs(w), 1), angle / np.where(short, 1, length))
    return np.asarray(axis * scale)


def quaternions_of_matrices(rotation: NDArray[Any]) -> Doubles:
    """The unit quaternions wxyz (..., 4) of rotation matrices (..., 3, 3).

    4 q q^T is linear in the matrix, so each of its rows is a multiple of q. The row with the largest diagonal element
    is the one without cancellation.
    """
    r = np.asarray(rotation, np.float64)
    diagonal = np.stack([r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]], axis=-1)
    outer = np.empty((*r.shape[:-2], 4, 4))
    outer[..., 0, 0] = 1 + diagonal.sum(-1)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[..., i + 1, i + 1] = 1 + diagonal[..., i] - diagonal[..., j] - diagonal[..., k]
        outer[..., 0, i + 1] = outer[..., i + 1, 0] = r[..., k, j] - r[..., j, k]
        outer[..., i + 1, j + 1] = outer[..., j + 1, i + 1] = r[..., i, j] + r[..., j, i]
    largest = np.argmax(np.einsum("...ii->...i", outer), axis=-1)
    row = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    length: Doubles = np.linalg.norm(row, axis=-1, keepdims=True)
    return row / np.maximum(length, 1e-12)


def matrices_of_quaternions(quaternion: NDArray[Any]) -> Doubles:
    """The matrices (..., 3, 3) of quaternions wxyz (..., 4) of any length but zero."""
    q = np.asarray(quaternion, np.float64)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    cross = cross_matrices(q[..., 1:])
    return np.asarray(np.eye(3) + 2 * (q[..., :1, None] * cross + cross @ cross))


def quaternion_product(p: NDArray[Any], q: NDArray[Any]) -> Doubles:
    """The Hamilton products (..., 4) of quaternions wxyz (..., 4): the turn by ``q``, then by ``p``."""
    w = p[..., :1] * q[..., :1] - np.einsum("...i,...i->...", p[..., 1:], q[..., 1:])[..., None]
    xyz = p[..., :1] * q[..., 1:] + q[..., :1] * p[..., 1:] + np.cross(p[..., 1:], q[..., 1:])
    return np.concatenate([w, xyz], axis=-1)


def axis_angle_from_yaw_pitch_roll(yaw: ArrayLike, pitch: ArrayLike, roll: ArrayLike) -> Doubles:
    """The axis-angle vectors (..., 3) of R = R_y(yaw) R_x(pitch) R_z(roll): radians, about +Y (up), +X (left) and +Z
    (forward).
    """
    y, p, r = (np.asarray(angle, np.float64) / 2 for angle in (yaw, pitch, roll))
    cy, sy, cp, sp, cr, sr = np.cos(y), np.sin(y), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    w = cy * cp * cr + sy * sp * sr
    x, y, z = cy * sp * cr + sy * cp * sr, sy * cp * cr - cy * sp * sr, cy * cp * sr - sy * sp * cr
    return axis_angles_of_quaternions(np.stack([w, x, y, z], -1))


def yaw_pitch_roll(axis_angle: ArrayLike) -> Doubles:
    """The angles (..., 3) of R = R_y(yaw) R_x(pitch) R_z(roll), radians, of axis-angle vectors (..., 3)."""
    w, x, y, z = np.moveaxis(quaternions(axis_angle), -1, 0)
    yaw = np.arctan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))
    pitch = np.arcsin(np.clip(2 * (w * x - y * z), -1, 1))
    roll = np.arctan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z))
    return np.asarray(np.stack([yaw, pitch, roll], -1))


def matrices_of_two_rows(rows: ArrayLike) -> Doubles:
    """The matrices (..., 3, 3) whose first two rows are ``rows`` (..., 6), of any length and not quite at right angles.

    The continuous representation of Zhou et al., "On the Continuity of Rotation Representations" (2019), by rows. Rows
    of no length, or along one another, make matrices that are not finite.
    """
    first, second = np.split(np.asarray(rows, np.float64), 2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = first / np.linalg.norm(first, axis=-1, keepdims=True)
        across = second - (x * second).sum(-1, keepdims=True) * x
        y = across / np.linalg.norm(across, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-2)


def nearest_rotations(matrices: NDArray[Any]) -> Doubles:
    """The rotations (..., 3, 3) nearest to ``matrices`` (..., 3, 3): orthogonal Procrustes with determinant +1."""
    left, _, right = np.linalg.svd(np.asarray(matrices, np.float64))
    left[..., 2] *= np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)[..., None]
    return np.asarray(left @ right)

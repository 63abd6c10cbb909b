from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splatavatar.drive.rotation import axis_angle_from_yaw_pitch_roll

angles = st.floats(-3.1, 3.1)


def about(axis: int, angle: float) -> np.ndarray:
    """Rotation matrix about one axis, by the definition of cosine and sine."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    R = np.eye(3)
    R[i, i] = R[j, j] = np.cos(angle)
    R[i, j], R[j, i] = -np.sin(angle), np.sin(angle)
    return R


def matrix(axis_angle: np.ndarray) -> np.ndarray:
    """Rodrigues' formula."""
    angle = np.linalg.norm(axis_angle)
    if angle == 0:
        return np.eye(3)
    x, y, z = axis_angle / angle
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


@given(angles, angles, angles)
def test_is_the_product_of_the_three_rotations(yaw: float, pitch: float, roll: float) -> None:
    expected = about(1, yaw) @ about(0, pitch) @ about(2, roll)
    np.testing.assert_allclose(matrix(axis_angle_from_yaw_pitch_roll(yaw, pitch, roll)), expected, atol=1e-6)


@given(angles, angles, angles)
def test_turns_the_short_way_round(yaw: float, pitch: float, roll: float) -> None:
    assert np.linalg.norm(axis_angle_from_yaw_pitch_roll(yaw, pitch, roll)) <= np.pi + 1e-9


def test_takes_arrays() -> None:
    turned = axis_angle_from_yaw_pitch_roll([0.1, 0.0], [0.0, 0.2], [0.0, 0.0])
    np.testing.assert_allclose(turned, [[0, 0.1, 0], [0.2, 0, 0]], atol=1e-12)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from splatavatar.rotations import (
    axis_angle_from_yaw_pitch_roll,
    axis_angles,
    axis_angles_of_quaternions,
    cross_matrices,
    matrices_of_quaternions,
    matrices_of_two_rows,
    nearest_rotations,
    quaternion_product,
    quaternions,
    quaternions_of_matrices,
    rotation_matrices,
    yaw_pitch_roll,
)

vectors = arrays(np.float64, (5, 3), elements=st.floats(-1.7, 1.7))
"""axis-angle vectors of less than half a turn"""
wide = arrays(np.float64, (5, 3), elements=st.floats(-20, 20))
"""axis-angle vectors of some turns"""
angles = st.floats(-3.1, 3.1)
quaternion = arrays(np.float64, (4,), elements=st.floats(-3, 3)).filter(lambda q: np.linalg.norm(q) > 1e-3)
axes = arrays(np.float64, (3,), elements=st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v) > 1e-2)


def about(axis: int, angle: float) -> np.ndarray:
    """Rotation matrix about one axis, by the definition of cosine and sine."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    R = np.eye(3)
    R[i, i] = R[j, j] = np.cos(angle)
    R[i, j], R[j, i] = -np.sin(angle), np.sin(angle)
    return R


@given(wide)
def test_matrices_are_those_of_scipy(v: np.ndarray) -> None:
    np.testing.assert_allclose(rotation_matrices(v), Rotation.from_rotvec(v).as_matrix(), atol=1e-12)


@given(vectors)
def test_there_and_back(v: np.ndarray) -> None:
    np.testing.assert_allclose(axis_angles(rotation_matrices(v)), v, atol=1e-14)


@given(vectors)
def test_angles_are_those_of_scipy(v: np.ndarray) -> None:
    R = Rotation.from_rotvec(v)
    np.testing.assert_allclose(axis_angles(R.as_matrix()), R.as_rotvec(), atol=1e-7)


@given(arrays(np.float64, (3,), elements=st.floats(-1, 1)), st.sampled_from([1e-300, 1e-14, 1e-9, 1e-7, 1e-5, 1e-3]))
def test_small_angles(v: np.ndarray, size: float) -> None:
    # One component far below the others is lost in the sums of the matrix: it counts against the angle.
    small = size * v
    away = np.abs(axis_angles(rotation_matrices(small)) - small).max()
    assert away <= 1e-12 * np.abs(small).max() + 1e-300


@given(axes, st.sampled_from([0.0, 1e-15, 1e-12, 1e-8, 1e-4]))
def test_about_half_a_turn(axis: np.ndarray, less: float) -> None:
    v = (np.pi - less) * axis / np.linalg.norm(axis)
    found = axis_angles(rotation_matrices(v))
    assert abs(np.linalg.norm(found) - (np.pi - less)) < 1e-14
    # Half a turn about an axis is half a turn about its opposite.
    assert min(np.abs(found - v).max(), np.abs(found + v).max() if less < 1e-14 else np.inf) < 1e-13


@given(vectors, vectors)
def test_cross_products(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(np.einsum("nij,nj->ni", cross_matrices(a), b), np.cross(a, b), atol=1e-12)


def test_derivative_at_rest_is_the_cross_product() -> None:
    point, step = np.array([0.3, -0.2, 0.9]), 1e-6
    for axis, direction in enumerate(np.eye(3)):
        slope = (rotation_matrices(step * direction) - rotation_matrices(-step * direction)) @ point / (2 * step)
        np.testing.assert_allclose(slope, -cross_matrices(point)[:, axis], atol=1e-9)


def test_any_number_of_axes() -> None:
    v = np.random.default_rng(0).normal(0, 0.5, (2, 3, 4, 3))
    R = rotation_matrices(v)
    assert R.shape == (2, 3, 4, 3, 3)
    np.testing.assert_allclose(R[1, 2, 3], rotation_matrices(v[1, 2, 3]), atol=1e-15)
    np.testing.assert_allclose(axis_angles(R), v, atol=1e-9)
    np.testing.assert_allclose(nearest_rotations(2 * R), R, atol=1e-12)


def test_none_at_all() -> None:
    none = np.zeros((0, 3))
    assert rotation_matrices(none).shape == (0, 3, 3)
    assert axis_angles(np.zeros((0, 3, 3))).shape == (0, 3)
    assert quaternion_product(np.zeros((0, 4)), np.zeros((0, 4))).shape == (0, 4)


@given(wide)
def test_quaternions_are_those_of_the_matrices(v: np.ndarray) -> None:
    q, by_matrix = quaternions(v), quaternions_of_matrices(rotation_matrices(v))
    np.testing.assert_allclose(np.linalg.norm(q, axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(np.abs((q * by_matrix).sum(1)), 1, atol=1e-12)
    np.testing.assert_allclose(matrices_of_quaternions(q), rotation_matrices(v), atol=1e-12)


@given(quaternion, quaternion)
def test_a_product_turns_by_the_second_first(p: np.ndarray, q: np.ndarray) -> None:
    turned = matrices_of_quaternions(quaternion_product(p, q))
    np.testing.assert_allclose(turned, matrices_of_quaternions(p) @ matrices_of_quaternions(q), atol=1e-11)


@given(quaternion)
def test_axis_angles_of_quaternions_of_any_length_turn_the_short_way(q: np.ndarray) -> None:
    v = axis_angles_of_quaternions(q)
    assert np.linalg.norm(v) <= np.pi + 1e-14
    np.testing.assert_allclose(rotation_matrices(v), matrices_of_quaternions(q), atol=1e-11)


def test_a_quaternion_that_does_not_turn() -> None:
    np.testing.assert_array_equal(axis_angles_of_quaternions(np.array([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]])), 0)
    np.testing.assert_array_equal(quaternions(np.zeros(3)), [1, 0, 0, 0])


@given(angles, angles, angles)
def test_yaw_pitch_and_roll_are_a_product_of_three_turns(yaw: float, pitch: float, roll: float) -> None:
    expected = about(1, yaw) @ about(0, pitch) @ about(2, roll)
    turned = axis_angle_from_yaw_pitch_roll(yaw, pitch, roll)
    assert np.linalg.norm(turned) <= np.pi + 1e-9
    np.testing.assert_allclose(Rotation.from_rotvec(turned).as_matrix(), expected, atol=1e-12)


@given(angles, angles, angles)
def test_yaw_pitch_and_roll_are_found_again(yaw: float, pitch: float, roll: float) -> None:
    assume(abs(abs(pitch) - np.pi / 2) > 1e-3)  # looking straight up, yaw and roll are one
    found = yaw_pitch_roll(axis_angle_from_yaw_pitch_roll(yaw, pitch, roll))
    again = about(1, found[0]) @ about(0, found[1]) @ about(2, found[2])
    np.testing.assert_allclose(again, about(1, yaw) @ about(0, pitch) @ about(2, roll), atol=1e-9)
    if abs(pitch) < np.pi / 2:
        np.testing.assert_allclose(found, [yaw, pitch, roll], atol=1e-9)


def test_yaw_pitch_and_roll_of_arrays() -> None:
    turned = axis_angle_from_yaw_pitch_roll([0.1, 0.0], [0.0, 0.2], [0.0, 0.0])
    np.testing.assert_allclose(turned, [[0, 0.1, 0], [0.2, 0, 0]], atol=1e-12)


def test_the_nearest_rotation_is_proper_even_for_a_reflection() -> None:
    mirror = np.diag([1.0, 1.0, -1.0])
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    found = nearest_rotations(np.stack([mirror * [3, 2, 1], turn @ np.diag([3.0, 2.0, 1.0])]))
    np.testing.assert_allclose(np.linalg.det(found), 1)
    np.testing.assert_allclose(found[1], turn, atol=1e-12)


def test_two_rows_of_any_length_are_a_rotation() -> None:
    turns = np.array([[0.3, -0.2, 0.5], [0.0, 0.0, 0.0], [1.0, 2.0, -0.5]])
    rows = rotation_matrices(turns)[:, :2]
    slanted = np.stack([3 * rows[:, 0], 0.5 * rows[:, 1] - 0.2 * rows[:, 0]], 1)
    np.testing.assert_allclose(matrices_of_two_rows(slanted.reshape(3, 6)), rotation_matrices(turns), atol=1e-12)
    assert not np.isfinite(matrices_of_two_rows([[1, 0, 0, 2, 0, 0], [0, 0, 0, 0, 1, 0]])).all((1, 2)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_any_type_of_number_is_computed_in_double_precision(dtype: type) -> None:
    v = np.array([1, 0, 2], dtype)
    for made in (rotation_matrices(v), quaternions(v), axis_angles(rotation_matrices(v).astype(dtype))):
        assert made.dtype == np.float64

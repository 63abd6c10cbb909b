from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from splatavatar.capture.tracking.rotations import axis_angles, cross_matrices, rotation_matrices

vectors = arrays(np.float64, (5, 3), elements=st.floats(-1.7, 1.7))
"""axis-angle vectors of less than half a turn"""


@given(vectors)
def test_matrices_are_those_of_scipy(v: np.ndarray) -> None:
    np.testing.assert_allclose(rotation_matrices(v), Rotation.from_rotvec(v).as_matrix(), atol=1e-12)


@given(vectors)
def test_there_and_back(v: np.ndarray) -> None:
    np.testing.assert_allclose(axis_angles(rotation_matrices(v)), v, atol=1e-7)


@given(vectors)
def test_angles_are_those_of_scipy(v: np.ndarray) -> None:
    R = Rotation.from_rotvec(v)
    np.testing.assert_allclose(axis_angles(R.as_matrix()), R.as_rotvec(), atol=1e-7)


@given(arrays(np.float64, (3,), elements=st.floats(-1, 1)), st.sampled_from([1e-14, 1e-9, 1e-7, 1e-5, 1e-3]))
def test_small_angles(v: np.ndarray, size: float) -> None:
    small = size * v
    np.testing.assert_allclose(axis_angles(rotation_matrices(small)), small, rtol=1e-6, atol=1e-16)


def test_nearly_half_a_turn() -> None:
    v = (np.pi - 1e-4) * np.array([0.6, 0.0, 0.8])
    np.testing.assert_allclose(axis_angles(rotation_matrices(v)), v, atol=1e-7)


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

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splatavatar import rotations
from splatavatar.torch_rotations import (
    matrices_of_quaternions,
    quaternion_product,
    quaternions_of_matrices,
    rotation_matrices,
)

wide = arrays(np.float64, (2, 3, 3), elements=st.floats(-20, 20))
quaternions = arrays(np.float64, (2, 3, 4), elements=st.floats(-3, 3)).filter(
    lambda q: np.linalg.norm(q, axis=-1).min() > 1e-3
)


@given(wide)
def test_matrices_are_those_of_numpy(v: np.ndarray) -> None:
    np.testing.assert_allclose(rotation_matrices(torch.from_numpy(v)), rotations.rotation_matrices(v), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-12, 1e-6, 0.999e-3, 1.001e-3, np.pi - 1e-9, np.pi, 2 * np.pi])
def test_matrices_and_their_gradients_at_every_angle(angle: float) -> None:
    vector = torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64) * angle
    expected = rotations.rotation_matrices(vector.numpy())
    torch.testing.assert_close(rotation_matrices(vector), torch.from_numpy(expected), rtol=0, atol=1e-14)
    gradient = torch.autograd.functional.jacobian(rotation_matrices, vector)
    assert torch.isfinite(gradient).all()
    assert torch.autograd.gradcheck(rotation_matrices, vector.requires_grad_(), eps=1e-6, atol=1e-7)


@given(wide)
def test_quaternions_are_those_of_the_matrices(v: np.ndarray) -> None:
    R = rotation_matrices(torch.from_numpy(v))
    torch.testing.assert_close(matrices_of_quaternions(quaternions_of_matrices(R)), R, rtol=0, atol=1e-12)


@given(quaternions, quaternions)
def test_products_and_matrices_are_those_of_numpy(p: np.ndarray, q: np.ndarray) -> None:
    product = quaternion_product(torch.from_numpy(p), torch.from_numpy(q))
    np.testing.assert_allclose(product, rotations.quaternion_product(p, q), atol=1e-12)
    matrices = matrices_of_quaternions(torch.from_numpy(p))
    np.testing.assert_allclose(matrices, rotations.matrices_of_quaternions(p), atol=1e-12)


def test_gradients_of_quaternions() -> None:
    q = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(matrices_of_quaternions, q)
    assert torch.autograd.gradcheck(quaternion_product, (q, q.detach().flip(0).requires_grad_()))
    turns = [[0.0, 0, 0], [np.pi, 0, 0], [0, 2.0, 1.0]]
    half = rotation_matrices(torch.tensor(turns, dtype=torch.float64))
    assert torch.autograd.gradcheck(quaternions_of_matrices, half.requires_grad_())

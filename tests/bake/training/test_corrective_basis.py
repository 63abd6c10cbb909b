"""Which directions the correctives follow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from splatavatar.bake.training.corrective_basis import corrective_basis, principal_directions

RIG: Any = SimpleNamespace(expression_names=("a", "b", "c", "d"), corrective_inputs=10)


def inputs(count: int = 40) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(0)
    x = np.zeros((count, 10), np.float32)
    x[:, 0], x[:, 2] = random.normal(0.3, 0.4, count), random.normal(0, 0.2, count)
    x[:, 5] = random.normal(0, 0.1, count)
    return x


def test_psi_is_white_over_the_capture() -> None:
    x = inputs()
    weights, bias = principal_directions(x, 3)
    psi = x @ weights.T + bias
    np.testing.assert_allclose(psi.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(np.cov(psi.T, bias=True), np.eye(3), atol=1e-4)


def test_directions_without_variance_are_left_out() -> None:
    assert len(principal_directions(inputs(), 8)[1]) == 3
    assert len(principal_directions(np.ones((5, 10), np.float32), 8)[1]) == 0
    assert len(principal_directions(inputs(1), 8)[1]) == 0


def test_the_sign_is_fixed() -> None:
    x = inputs()
    weights, _ = principal_directions(x, 3)
    again, _ = principal_directions(x[::-1].copy(), 3)
    np.testing.assert_allclose(weights, again, atol=1e-4)


def test_turns_and_expressions_are_kept_apart() -> None:
    weights, bias = corrective_basis(RIG, inputs(), 2, 1)
    assert weights.shape == (2, 10) and bias.shape == (2,)  # one turn varies, and of two expressions one was asked for
    assert not weights[0, :4].any() and weights[0, 5] and not weights[1, 4:].any() and weights[1, 0]

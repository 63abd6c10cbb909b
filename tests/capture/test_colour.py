from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.colour import TERMS, AffineColours, PolynomialColours


def test_a_matrix_and_a_shift_of_srgb() -> None:
    picture = np.array([[[255, 0, 0], [0, 100, 50]]], np.uint8)
    matrix = np.array([[0.5, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    found = AffineColours(matrix, np.array([0.0, 0.1, -0.5])).corrected(picture)
    # Rows times the matrix: red adds to green.
    np.testing.assert_array_equal(found[0, 0], [128, round(255 * 0.2), 0])
    np.testing.assert_array_equal(found[0, 1], [0, round(100 + 25.5), 0])
    assert found.dtype == np.uint8


def test_the_identity_changes_nothing() -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(AffineColours(np.eye(3), np.zeros(3)).corrected(picture), picture)
    for terms in TERMS:
        matrix = np.concatenate([np.eye(3), np.zeros((3, terms - 3))], 1)
        assert np.array_equal(PolynomialColours(matrix).corrected(picture), picture)


def test_half_the_light_is_not_half_the_value() -> None:
    found = PolynomialColours(0.5 * np.eye(3)).corrected(np.full((1, 1, 3), 255, np.uint8))
    np.testing.assert_array_equal(found[0, 0], [188] * 3)


@pytest.mark.parametrize(
    ("terms", "at", "power"),
    [
        (4, 3, (0, 0, 0)),
        (5, 3, (1, 1, 1)),
        (5, 4, (0, 0, 0)),
        (7, 4, (1, 0, 1)),
        (10, 8, (0, 0, 2)),
        (14, 9, (1, 1, 1)),
        (14, 10, (3, 0, 0)),
        (16, 10, (2, 1, 0)),
        (16, 12, (1, 0, 2)),
        (19, 13, (2, 0, 1)),
        (20, 14, (1, 2, 0)),
        (20, 19, (0, 0, 0)),
        (22, 19, (2, 1, 1)),
        (22, 21, (1, 1, 2)),
    ],
)
def test_terms(terms: int, at: int, power: tuple[int, int, int]) -> None:
    r, g, b = (np.array([value], np.float32) for value in (0.3, 0.5, 0.7))
    found = TERMS[terms][at](r, g, b)
    np.testing.assert_allclose(found, r ** power[0] * g ** power[1] * b ** power[2], rtol=1e-5)
    assert len(TERMS[terms]) == terms

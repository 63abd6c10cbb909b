"""A quantile learnt one value at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splatavatar.drive.face.running_quantile import RunningQuantile


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_it_comes_to_the_quantile(share: float) -> None:
    quantile = RunningQuantile(share, 0.0, -1.0, 1.0, 15.0)
    drawn = np.random.default_rng(0).uniform(-0.5, 0.7, 1800)
    known = [quantile(float(value), 1 / 30) for value in drawn]
    assert abs(np.mean(known[900:]) - np.quantile(drawn, share)) < 0.08


def test_a_constant_is_learnt_within_a_second_and_kept() -> None:
    quantile = RunningQuantile(0.5, 0.28, 0.18, 0.40, 15.0)
    for _ in range(30):
        known = quantile(0.35, 1 / 30)
    assert abs(known - 0.35) < 0.01
    for _ in range(3000):
        known = quantile(0.35, 1 / 30)
    assert abs(known - 0.35) < 1e-3


def test_blinks_hardly_move_the_height_of_open_eyes() -> None:
    quantile = RunningQuantile(0.5, 0.28, 0.18, 0.40, 15.0)
    for frame in range(900):
        known = quantile(0.0 if frame % 90 < 8 else 0.3, 1 / 30)
    assert abs(known - 0.3) < 0.02


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 10)), max_size=20))
def test_it_stays_within_its_range(values: list[tuple[float, float]]) -> None:
    quantile = RunningQuantile(0.5, 0.28, 0.18, 0.40, 15.0)
    for value, since in values:
        assert 0.18 <= quantile(value, since) <= 0.40

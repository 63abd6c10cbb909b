from __future__ import annotations

import math

import pytest

from splatavatar.drive.live.stats import MOST, Ages, Rate, Stats


def test_rate_looks_back_five_seconds() -> None:
    rate = Rate()
    assert rate() == 0
    for n in range(600):
        rate.see(n / 60, n // 2)
    assert rate() == pytest.approx(30, rel=0.01)
    for n in range(600):
        rate.see(10 + n / 60, 300 + n // 4)
    assert rate() == pytest.approx(15, rel=0.01)


def test_rate_survives_a_clock_that_goes_back() -> None:
    rate = Rate()
    rate.see(100, 5)
    rate.see(101, 35)
    rate.see(50, 36)
    assert rate() == 0
    rate.see(51, 46)
    assert rate() == pytest.approx(10)


def test_ages_tell_all_pictures_from_the_first_of_a_signal() -> None:
    ages = Ages()
    assert all(math.isnan(value) for value in ages.percentiles(0))
    for n in range(60):
        captured = n / 30
        ages.see(captured + 0.020, captured)
        ages.see(captured + 0.040, captured)
    p50, p95, first_p50, first_p95 = ages.percentiles(2.0)
    assert (p50, p95) == (pytest.approx(30), pytest.approx(40))
    assert (first_p50, first_p95) == (pytest.approx(20), pytest.approx(20))
    assert all(math.isnan(value) for value in ages.percentiles(100))


def test_memory_is_bounded() -> None:
    ages, rate = Ages(), Rate()
    for n in range(2 * MOST):
        ages.see(n * 1e-5, n * 1e-5)
        rate.see(n * 1e-5, n)
    assert len(ages._all) == len(ages._first) == len(rate._samples) == MOST


def test_line_names_every_figure() -> None:
    nan = float("nan")
    stats = Stats({"webcam 0": 29.97}, 60.0, 31.6, 44.0, nan, nan, 100, {"window": 3, "a.mp4": 1})
    assert stats.line() == (
        "source webcam 0 30.0 FPS | render 60.0 FPS | age 32 (p95 44) ms | latency - (p95 -) ms | dropped 4"
    )

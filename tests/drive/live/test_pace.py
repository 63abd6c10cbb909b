"""Pictures come at an even rate, and soon after the signals that they show."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.live.pace import EARLIEST, LEAST, Pace

PERIOD = 1 / 60
COST = 0.006
"""seconds that a picture takes"""


def played(arrivals: np.ndarray, seconds: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Times at which pictures are begun, and how long each signal waited for one."""
    pace, now, pictures, waits = Pace(PERIOD, 0.0), 0.0, [], []
    coming = list(arrivals)
    while now < seconds:
        pace.drawn(now)
        pictures.append(now)
        while coming and coming[0] <= now:
            waits.append(now - coming.pop(0))
        now += COST
        while pace.rest(now) > 0:
            due = now + pace.rest(now)
            if not coming or coming[0] >= due:
                now = due
                break
            arrival, now = coming[0], max(now, coming[0])
            early = pace.early(now)
            if early is not None:
                now += early
                break
            coming.pop(0)  # seen in the next picture
            waits.append(due - arrival)
    return np.array(pictures), np.array(waits)


def test_an_even_rate_where_nothing_comes() -> None:
    pictures, _ = played(np.zeros(0))
    np.testing.assert_allclose(np.diff(pictures), PERIOD, atol=1e-9)


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 50.0, 60.0])
@pytest.mark.parametrize("phase", [0.1, 0.5, 0.9])
def test_signals_are_drawn_soon(fps: float, phase: float) -> None:
    """A pace of its own would make them wait for half a period on average, and a whole one at worst."""
    jitter = np.random.default_rng(0).normal(0, 0.001, int(10 * fps))
    arrivals = np.sort(np.arange(len(jitter)) / fps + phase * PERIOD + jitter)
    pictures, waits = played(arrivals[arrivals > 0])
    assert waits.mean() < 0.3 * PERIOD and np.quantile(waits, 0.95) < 0.6 * PERIOD
    assert len(pictures) <= 1.1 * 600
    assert np.diff(pictures).min() >= LEAST * PERIOD - 1e-9


def test_signals_without_end_do_not_make_more_pictures() -> None:
    pictures, _ = played(np.arange(0.001, 10, 1 / 240))
    assert 570 < len(pictures) < 1.12 * 600


def test_time_that_was_lost_is_lost() -> None:
    pace = Pace(PERIOD, 0.0)
    pace.drawn(5.0)
    pace.drawn(5.0)
    assert pace.rest(5.0) <= PERIOD
    assert Pace(0.0, 0.0).rest(1.0) < 0


def test_not_before_its_time() -> None:
    pace = Pace(PERIOD, 0.0)
    pace.drawn(0.0)
    assert pace.early((1 - EARLIEST) * PERIOD - 1e-6) is None
    assert pace.early(0.5 * PERIOD) == 0

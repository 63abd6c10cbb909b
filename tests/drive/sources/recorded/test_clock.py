from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.clock import frame_rate, increasing
from splatavatar.errors import SignalError


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (np.arange(90) / 30, ""),
        (1.7e9 + np.arange(90) / 30, ""),
        (np.arange(90) * 1e3 / 30, "milliseconds"),
        (np.round(1.7e12 + np.arange(90) * 1e3 / 30), "milliseconds"),
        (np.arange(90) * 1e6 / 30, "microseconds"),
        (1.7e18 + np.arange(90) * 1e9 / 30, "nanoseconds"),
    ],
)
def test_units_that_alone_make_sense_are_taken_and_said(
    time: np.ndarray, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    seconds, kept = increasing(time, "x")
    np.testing.assert_allclose(seconds, np.arange(90) / 30, atol=2e-3)
    assert frame_rate(seconds) == pytest.approx(30, rel=1e-3) and len(kept) == 90
    assert len(caplog.records) == bool(said) and said in caplog.text


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0, 300.0, 1e3])
def test_frames_that_are_seconds_apart_are_asked_about(step: float) -> None:
    with pytest.raises(SignalError) as caught:
        increasing(np.arange(90) * step, "x")
    assert str(caught.value) == (
        f"x: its frames are {step:g} seconds apart, as those of a face are not; give the time in seconds with their "
        "fractions, or leave it out where frames are 30 a second."
    )


def test_a_file_that_states_its_slow_rate_is_believed() -> None:
    np.testing.assert_array_equal(increasing(np.arange(9.0), "x", 1.0)[0], np.arange(9))
    with pytest.raises(SignalError, match="1 seconds apart"):
        increasing(np.arange(9.0), "x", 30.0)


def test_frames_that_repeat_a_time_are_left_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    time = np.arange(90) / 30
    time[[10, 50]] = time[[9, 49]]
    seconds, kept = increasing(time, "x")
    assert 10 not in kept and 50 not in kept and len(kept) == len(seconds) == 88
    assert len(caplog.records) == 1 and "2 of 90 frames repeat an earlier time" in caplog.text


def test_frames_that_overtook_each_other_are_left_out() -> None:
    time = np.arange(90) / 30
    time[[20, 21]] = time[[21, 20]]
    seconds, kept = increasing(time, "x")
    assert len(seconds) == 89 and (np.diff(seconds) > 0).all() and 21 not in kept


@pytest.mark.parametrize(("per_second", "clock"), [(60, 30), (30, 1), (60, 25), (90, 30)])
def test_frames_within_one_step_of_a_coarse_clock_are_spread(per_second: int, clock: int) -> None:
    exact = 100 + 0.4 / clock + np.arange(300) / per_second
    seconds, kept = increasing(np.floor(exact * clock) / clock, "x")
    assert len(kept) == 300
    np.testing.assert_allclose(seconds, exact - exact[0], atol=1.01 / clock if per_second == 30 else 0.5 / clock)
    assert frame_rate(seconds) == pytest.approx(per_second, rel=0.02)


def test_a_gap_of_a_coarse_clock_is_none_of_its_steps() -> None:
    exact = np.r_[np.arange(120), 420 + np.arange(120)] / 60
    seconds, _ = increasing(np.floor(exact * 30) / 30, "x")
    np.testing.assert_allclose(seconds, exact, atol=0.02)


def test_two_takes_in_one_file_are_refused() -> None:
    with pytest.raises(SignalError, match=r"x: time does not increase at frame 90: it goes back by 2.96667 seconds;"):
        increasing(np.tile(np.arange(90) / 30, 2), "x")


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([0.0, 0.0, 0.0], "time does not increase at frame 1."),
        ([0.0, 0.03, 1e300], "time is 1e+300 in frame 2; expected seconds."),
        ([-1e308, 0.0, 1e308], "time is -1e+308 in frame 0; expected seconds."),
        ([0.0, 0.03, 0.06, 1e6], "a recording of 11.6 days: time jumps by 1e+06 seconds at frame 3; expected 48 hours"),
    ],
)
def test_refuses(time: list[float], message: str) -> None:
    with pytest.raises(SignalError) as caught:
        increasing(np.array(time), "x")
    assert str(caught.value).startswith(f"x: {message}")


def test_a_long_pause_is_said(caplog: pytest.LogCaptureFixture) -> None:
    seconds, _ = increasing(np.r_[np.arange(90) / 30, 600 + np.arange(90) / 30], "x")
    assert seconds[-1] == pytest.approx(600 + 89 / 30)
    assert "no frames for 597 seconds after second 2.967" in caplog.text


@pytest.mark.parametrize("step", [5e-324, 1e-320, 1e-9])
def test_the_least_of_numbers_has_a_rate(step: float) -> None:
    assert frame_rate(np.array([0.0, step])) == 1e9

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.checked import MOST_FRAMES, assembled, check_length, checked
from splatavatar.drive.sources.recorded.clock import frame_rate
from splatavatar.errors import SignalError


def broken(name: str, value: float) -> np.ndarray:
    array = getattr(moving_signal(0.5), name).copy()
    array[3] = value
    return array


def short() -> np.ndarray:
    return np.zeros((15, 51), np.float32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": np.empty(0)}, "x: no frames."),
        ({"arkit": short()}, "x: arkit has the shape (15, 51), expected (15, 52)."),
        ({"arkit": broken("arkit", np.nan)}, "x: arkit is not a finite number in frame 3."),
        ({"gaze": broken("gaze", np.inf)}, "x: gaze is not a finite number in frame 3."),
        ({"time": broken("time", 0.0)}, "x: time does not increase at frame 3."),
        ({"time": np.r_[np.arange(14) / 30, 1e6]}, "x: time jumps by 1e+06 seconds at frame 14."),
        ({"fps": 0.0}, "x: 0 frames a second; expected between 0.1 and 1000."),
        ({"fps": np.nan}, "x: nan frames a second; expected between 0.1 and 1000."),
        (
            {"head_rotation": broken("head_rotation", 1e30)},
            "x: head_rotation has 1e+30 in frame 3, expected 12.57 at most.",
        ),
        (
            {"head_translation": broken("head_translation", -2e3)},
            "x: head_translation has 2000 in frame 3, expected 1000 at most.",
        ),
        ({"gaze": broken("gaze", 20.0)}, "x: gaze has 20 in frame 3, expected 12.57 at most."),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignalError) as caught:
        checked(replace(moving_signal(0.5), **changes), "x")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (np.arange(300) / 30, 30.0),
        (np.round(np.arange(300) / 60, 3), 60.0),  # milliseconds that were rounded
        (np.arange(300) * 1001 / 30000, 30000 / 1001),
        (np.delete(np.arange(300) / 25, [50, 51, 120]), 25.0),  # dropped frames
        (np.arange(10) / 12.34, 12.34),
        (np.zeros(1), 30.0),
    ],
)
def test_frame_rate(time: np.ndarray, expected: float) -> None:
    assert frame_rate(time) == pytest.approx(expected, rel=1e-12 if expected != 12.34 else 1e-6)


def parts(**changes: Any) -> dict[str, Any]:
    T = 15
    return {"time": np.arange(T) / 30, "arkit": np.zeros((T, 52)), "head_rotation": np.zeros((T, 3))} | changes


def at_three(shape: tuple[int, ...], value: float) -> np.ndarray:
    array = np.zeros(shape)
    array[3] = value
    return array


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": np.r_[np.arange(14) / 30, np.inf]}, "time is not a finite number in frame 14."),
        ({"time": np.r_[np.nan, np.arange(14) / 30]}, "time is not a finite number in frame 0."),
        ({"time": np.arange(15) * 5e-324}, "1e+09 frames a second; expected between 0.1 and 1000."),
        ({"head_rotation": at_three((15, 3), 1e308)}, "head_rotation is not a finite number in frame 3."),
        ({"head_translation": at_three((15, 3), -1e39)}, "head_translation is not a finite number in frame 3."),
        ({"confidence": at_three((15,), np.nan)}, "confidence is not a finite number in frame 3."),
        ({"confidence": at_three((15,), 1e308)}, "confidence is not a finite number in frame 3."),
        ({"arkit": np.zeros((15, 51))}, "arkit has the shape (15, 51), expected (15, 52)."),
        ({"fps": np.inf}, "inf frames a second; expected between 0.1 and 1000."),
    ],
)
def test_nothing_is_computed_from_numbers_that_are_none(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SignalError) as caught:
        assembled("x", **parts(**changes))
    assert str(caught.value) == f"x: {message}"


@pytest.mark.filterwarnings("error")
def test_what_a_lost_face_left_is_rest() -> None:
    confidence, head = np.ones(15), np.full((15, 3), 0.5)
    confidence[3], head[3] = -1.0, np.nan
    recording = assembled("x", **parts(confidence=confidence, head_rotation=head))
    assert recording.confidence[3] == 0 and not recording.head_rotation[3].any()
    assert (np.delete(recording.head_rotation, 3, 0) == 0.5).all()


def test_the_times_win_over_a_rate_that_they_contradict(caplog: pytest.LogCaptureFixture) -> None:
    assert assembled("x", **parts(fps=60.0)).fps == 60 and not caplog.records
    assert assembled("x", **parts(fps=5.0)).fps == 30
    assert "states 5 frames a second, its times are those of 30" in caplog.text


def test_milliseconds_beside_a_rate() -> None:
    recording = assembled("x", **parts(time=np.arange(15) * 1e3 / 30, fps=30.0))
    np.testing.assert_allclose(recording.time, np.arange(15) / 30)


def test_no_more_frames_than_memory_is_taken_for() -> None:
    check_length(MOST_FRAMES, "x")
    with pytest.raises(SignalError, match="x: 1048577 frames, expected 1048576 at most"):
        check_length(MOST_FRAMES + 1, "x")

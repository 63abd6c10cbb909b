from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.motion import moving_signal
from splatavatar.drive.sources.checked import checked
from splatavatar.drive.sources.clock import frame_rate
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

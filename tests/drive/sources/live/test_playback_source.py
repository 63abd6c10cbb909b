from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.live.playback_source import RecordingSource


def recording(count: int, fps: float) -> Recording:
    arkit = np.zeros((count, 52), np.float32)
    arkit[:, 0] = np.arange(count) / count
    still = np.zeros((count, 3), np.float32)
    return Recording(
        np.arange(count) / fps,
        arkit,
        still,
        still,
        np.zeros((count, 2, 2), np.float32),
        np.ones(count, np.float32),
        fps,
    )


class SlowClock:
    """Goes on by a step whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self._now, self._step, self._lock = 100.0, step, threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self._now += self._step
            return self._now


def test_every_frame_comes_at_its_time_and_it_ends(heard: Any) -> None:
    source = RecordingSource(recording(10, 60.0))
    source.start(heard, SlowClock(0.004))
    signals = heard.wait(10)
    deadline = time.monotonic() + 10
    while not source.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    source.stop()
    assert source.ended
    assert len(heard.signals) == 10
    np.testing.assert_allclose([s.time - signals[0].time for s in signals], np.arange(10) / 60, atol=1e-9)
    np.testing.assert_allclose([s.arkit[0] for s in signals], np.arange(10) / 10, atol=1e-6)


def test_late_frames_are_left_out(heard: Any) -> None:
    source = RecordingSource(recording(100, 60.0))
    source.start(heard, SlowClock(0.3))
    deadline = time.monotonic() + 10
    while not source.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    source.stop()
    assert source.ended
    assert len(heard.signals) < 20
    assert (np.diff([signal.time for signal in heard.signals]) > 0.1).all()


def test_a_face_is_held_where_frames_are_missing(heard: Any) -> None:
    """Two frames are missing after the fourth, a second after the seventh."""
    given = recording(10, 60.0)
    time_ = given.time.copy()
    time_[4:] += 1 / 60
    time_[7:] += 1.0
    source = RecordingSource(replace(given, time=time_))
    source.start(heard, SlowClock(0.004))
    deadline = time.monotonic() + 10
    while not source.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    source.stop()
    assert source.ended
    at = np.array([signal.time for signal in heard.signals]) - heard.signals[0].time
    shown = np.array([round(float(signal.arkit[0]) * 10) for signal in heard.signals])
    assert [int(np.argmax(shown == frame)) for frame in range(7)] == list(range(7))
    first = [float(at[shown == frame][0]) for frame in range(10)]
    np.testing.assert_allclose(first, time_, atol=1e-6)
    # As a mixer counts: nowhere longer than four frames without a signal.
    assert (np.diff(at) > 0).all() and np.diff(at).max() < 4 / 60
    assert (shown == 6).sum() > 20


def test_it_goes_on_for_ever_in_a_loop(heard: Any) -> None:
    source = RecordingSource(recording(5, 60.0), loop=True)
    source.start(heard, SlowClock(0.004))
    signals = heard.wait(23)
    source.stop()
    assert not source.ended
    np.testing.assert_allclose(np.diff([signal.time for signal in signals]), 1 / 60, atol=1e-9)
    np.testing.assert_allclose([s.arkit[0] for s in signals[5:10]], [s.arkit[0] for s in signals[:5]])


def test_it_stops_at_once(heard: Any) -> None:
    source = RecordingSource(recording(10, 1.0))
    source.start(heard, time.perf_counter)
    heard.wait(1)
    source.stop()
    source.stop()
    assert len(heard.signals) == 1
    assert not source.ended

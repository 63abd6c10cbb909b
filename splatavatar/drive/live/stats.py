"""Figures of a running drive."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

WINDOW = 5.0
"""seconds that the running figures look back"""
MOST = 16384
"""samples that are kept of each figure, so that an uncapped loop stays small"""


@dataclass(frozen=True)
class Stats:
    """How the drive goes, over the last seconds. Ages are NaN until a captured frame has reached a sink."""

    source_fps: dict[str, float]
    """signals a second by the name of the source"""
    render_fps: float
    age_p50: float
    """milliseconds from the capture of the newest signal in a picture to the picture at the sink, over all pictures;
    a picture rendered between two signals is older than the first that shows a signal
    """
    age_p95: float
    latency_p50: float
    """the same over the first picture that shows each captured frame: from camera frame to sink"""
    latency_p95: float
    rendered: int
    """pictures since the start"""
    dropped: dict[str, int]
    """pictures since the start that a sink was too slow for, by the name of the sink"""

    def line(self) -> str:
        """One line for a terminal."""
        sources = ", ".join(f"{name} {fps:.1f}" for name, fps in self.source_fps.items()) or "none"
        dropped = sum(self.dropped.values())
        return (
            f"source {sources} FPS | render {self.render_fps:.1f} FPS | age {_ms(self.age_p50)} "
            f"(p95 {_ms(self.age_p95)}) ms | latency {_ms(self.latency_p50)} (p95 {_ms(self.latency_p95)}) ms "
            f"| dropped {dropped}"
        )


def _ms(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.0f}"


class Rate:
    """Events a second over the last seconds, from a count that only grows."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._samples: deque[tuple[float, int]] = deque(maxlen=MOST)

    def see(self, now: float, count: int) -> None:
        """Note that ``count`` events had happened at ``now``. A clock that goes back starts anew."""
        if self._samples and now < self._samples[-1][0]:
            self._samples.clear()
        self._samples.append((now, count))
        while len(self._samples) > 2 and self._samples[0][0] < now - self._window:
            self._samples.popleft()

    def __call__(self) -> float:
        """0 until time has passed between two counts."""
        if len(self._samples) < 2:
            return 0.0
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        return (after - before) / (last - first) if last > first else 0.0


class Ages:
    """Percentiles of the last ages at a sink. Written by the thread of the sink, read by any."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._all: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._first: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._captured = float("-inf")

    def see(self, now: float, captured: float) -> None:
        """A picture whose newest signal was captured at ``captured`` reached the sink at ``now``."""
        age = max(now - captured, 0.0)
        with self._lock:
            self._all.append((now, age))
            if captured != self._captured:
                self._captured = captured
                self._first.append((now, age))

    def percentiles(self, now: float) -> tuple[float, float, float, float]:
        """The ages p50 and p95 of all pictures, then of the first ones of each signal; milliseconds."""
        with self._lock:
            every = [age for at, age in self._all if at >= now - self._window]
            first = [age for at, age in self._first if at >= now - self._window]
        return (*_p50_p95(every), *_p50_p95(first))


def _p50_p95(ages: list[float]) -> tuple[float, float]:
    if not ages:
        return float("nan"), float("nan")
    p50, p95 = np.percentile(ages, [50, 95]) * 1000
    return float(p50), float(p95)

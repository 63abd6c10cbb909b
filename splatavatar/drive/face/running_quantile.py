"""A quantile of a value that comes one by one."""

from __future__ import annotations

import numpy as np


class RunningQuantile:
    """Learns a quantile of a value over time, fast at first and then ever more slowly, down to a fixed pace.

    Stochastic approximation (Robbins and Monro 1951): up by ``share`` of a step where the value is above, down by the
    rest of it where it is below. One value that is far off moves it no more than any other.
    """

    def __init__(self, share: float, first: float, low: float, high: float, seconds: float) -> None:
        """The quantile ``share`` in (0, 1), ``first`` to begin with, kept within ``low`` and ``high``. After
        ``seconds`` the pace stays, and it takes about as long to cross a quarter of the range.
        """
        self._share = share
        self._value = first
        self._low, self._high = low, high
        self._seconds = seconds
        self._age = 0.0

    def __call__(self, value: float, since: float) -> float:
        """The quantile after ``value``, which stands for ``since`` seconds."""
        self._age = min(self._age + since, self._seconds)
        if since > 0:
            step = (self._high - self._low) / 4 * min(since / self._age, 0.25)
            near = float(np.clip((value - self._value) / max(step, 1e-12), -1.0, 1.0))
            self._value += step * (self._share * max(near, 0.0) + (1 - self._share) * min(near, 0.0))
            self._value = min(max(self._value, self._low), self._high)
        return self._value

"""Movements that come and go: nods, raised brows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles


@dataclass(frozen=True)
class Bump:
    """One movement there and back."""

    start: float
    """seconds"""
    length: float
    """seconds"""
    reach: Doubles
    """what is moved at the turning point"""

    def at(self, t: float) -> Doubles:
        """Where it is at ``t``: there within 0.4 of its length, and back more slowly; at rest at both ends."""
        share = (t - self.start) / self.length
        if not 0.0 < share < 1.0:
            return np.zeros_like(self.reach)
        return np.asarray(self.reach * math.sin(math.pi * share**PEAK) ** 2)


PEAK = math.log(0.5) / math.log(0.4)
FASTEST = 1.25 * math.pi
"""The most that a bump of reach 1 and length 1 moves in a unit of time, at most."""


class Bumps:
    """Those under way, added up."""

    def __init__(self, size: int) -> None:
        self._rest = np.zeros(size)
        self._bumps: list[Bump] = []

    def add(self, start: float, length: float, reach: Doubles) -> None:
        """Begin one at ``start``, which may be ahead."""
        self._bumps.append(Bump(start, length, np.asarray(reach, np.float64)))

    def at(self, t: float) -> Doubles:
        """Their sum at ``t`` seconds; those that are over by then are forgotten."""
        self._bumps = [bump for bump in self._bumps if t < bump.start + bump.length]
        return self._rest + sum((bump.at(t) for bump in self._bumps), self._rest)


class Follower:
    """Goes after a goal without a jump of place or speed: a critically damped spring."""

    def __init__(self, size: int, seconds: float) -> None:
        """``size`` values; after ``seconds`` three quarters of the way to a goal are behind them."""
        self.place = np.zeros(size)
        self._speed = np.zeros(size)
        # 1 - (1 + x) exp(-x) is three quarters at 2.69.
        self._rate = 2.69 / seconds

    def go(self, goal: Doubles, step: float) -> Doubles:
        """The place, ``step`` seconds on; exact for a goal that stands."""
        off = self.place - goal
        decay = math.exp(-self._rate * step)
        change = (self._speed + self._rate * off) * step
        self._speed = (self._speed - self._rate * change) * decay
        self.place = goal + (off + change) * decay
        return self.place

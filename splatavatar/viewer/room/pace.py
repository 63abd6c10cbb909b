"""How much one connection may say."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic


class Allowance:
    """An allowance of so much a second, and so much at once after a while of less (a token bucket)."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def take(self, amount: float) -> bool:
        """Whether ``amount`` more is allowed now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True


class Allowances:
    """The allowances of one person in a room, with room to spare for what lines hold back and bring at once."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._relayed = Allowance(200, 400, clock), Allowance(64 << 10, 128 << 10, clock)
        self._texts = Allowance(20, 300, clock), Allowance(64 << 10, 1 << 20, clock)

    def take(self, relayed: bool, size: int) -> bool:
        """Whether one more message of ``size`` bytes is allowed."""
        count, amount = self._relayed if relayed else self._texts
        return count.take(1) and amount.take(size)

"""How many requests one key, or one address, may make."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MOST = 20_000
"""of whom is remembered how much they asked for; of more the one who was silent longest is forgotten"""
LONGEST_WAIT = 3600.0
"""seconds that anybody is told to wait"""
NETWORK = 64
"""bits of an address of IPv6 that one subscriber has: what comes after them costs nothing to change"""


class RateLimits:
    """An allowance of so many requests a second for each of many, and of so many at once after a while of fewer.

    Each has a token bucket. Threads may share it.
    """

    def __init__(self, rate: float, burst: float, most: int = MOST, clock: Callable[[], float] = monotonic) -> None:
        """
        Args:
            rate: requests a second.
            burst: requests at once.
            most: of whom something is remembered.
        """
        self.rate, self.burst = rate, burst
        self._most, self._clock = most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when that was so
        self._lock = threading.Lock()

    def take(self, key_id: str, cost: float = 1, rate: float | None = None) -> float | None:
        """Take ``cost`` of the allowance of one; None where it was there, else in how many seconds it is.

        ``rate``: requests a second of one who has a limit of their own; as many times more, or fewer, are allowed at
        once. What costs more than is ever allowed at once is admitted when all of it is there.
        """
        own = self.rate if rate is None else rate
        burst = max(1.0, self.burst * own / self.rate)
        with self._lock:
            left, now = self._left(key_id, own, burst)
            missing = min(cost, burst) - left
            if missing > 0:
                return min(missing / own, LONGEST_WAIT)
            self._buckets[key_id] = (left - min(cost, burst), now)
            self._buckets.move_to_end(key_id)
            while len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return None

    def wait(self, key_id: str) -> float | None:
        """In how many seconds one more is allowed; None for now. Nothing is taken."""
        with self._lock:
            missing = 1 - self._left(key_id, self.rate, max(1.0, self.burst))[0]
        return min(missing / self.rate, LONGEST_WAIT) if missing > 0 else None

    def _left(self, key_id: str, rate: float, burst: float) -> tuple[float, float]:
        """What is left of the allowance of one, and the time."""
        now = self._clock()
        left, at = self._buckets.get(key_id, (burst, now))
        return min(burst, left + (now - at) * rate), now


def subscriber(address: str) -> str:
    """Whom an address belongs to, as limits count them: of IPv6 its network, else the address itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, NETWORK), strict=False))

"""Whom the service lets in: as many sessions as it can serve well, and none while their pictures are late."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import monotonic

from splatavatar.errors import SettingsError
from splatavatar.serve.http.machine import cores, memory_left

MODES = ("video", "client")
CORES = {"video": 0.5, "client": 0.05}
"""cores that a session keeps busy: of 512x512 pixels 25 times a second drawn here, or drawn by who watches"""
MEMORY = {"video": 24 << 20, "client": 8 << 20}
"""bytes that a session takes"""
RESERVE = 256 << 20
"""bytes of memory that are left for everything else"""
FILLED = 0.9
"""of the cores that sessions may keep busy; a burst of requests takes the rest"""
LATE = 0.02
"""seconds after its time from which on a picture is late; who watches does not see it yet"""
TOO_LATE = 0.1
"""of the pictures that may be late before nobody else is let in"""
REMEMBERED = 5.0
"""seconds for which a picture that was late counts"""
FEWEST = 50.0
"""pictures of that time before lateness says anything"""
SOONEST, LATEST = 1.0, 60.0
"""seconds after which who was refused may ask again"""
USUAL = 10.0
"""seconds that they are told where no session has ended yet"""


class Refusal(float):
    """The seconds after which to ask again, and why not now: ``full``, ``late``, ``memory`` or ``draining``."""

    reason: str

    def __new__(cls, seconds: float, reason: str) -> Refusal:
        made = super().__new__(cls, min(max(seconds, SOONEST), LATEST))
        made.reason = reason
        return made


class Admission:
    """Counts sessions of both modes against what the machine bears. Threads may share it.

    A session takes its share of the machine: one of ``limit_video``, or one of ``limit_client``. All shares together
    are at most one, so that sessions of both kinds fit beside one another.
    """

    def __init__(
        self,
        limit_video: int,
        limit_client: int,
        memory: Callable[[], int | None] = memory_left,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """
        Args:
            limit_video: sessions of 512x512 pixels, 25 a second, where there are no others.
            limit_client: sessions that others draw, where there are no others.
            memory: bytes that are left; None for not known.

        Raises SettingsError for a limit below 1.
        """
        for limit in (limit_video, limit_client):
            if limit < 1:
                raise SettingsError(f"a service for {limit} sessions, expected 1 or more.")
        self.limits = {"video": limit_video, "client": limit_client}
        self.draining = False
        """whether nobody is let in any more"""
        self._memory, self._clock = memory, clock
        self._count = dict.fromkeys(MODES, 0)
        self._load = 0.0
        self._late, self._pictures, self._at = 0.0, 0.0, clock()
        self._ended: float | None = None
        self._between = USUAL  # seconds between two sessions that end
        self._lock = threading.Lock()

    def admit(self, mode: str, cost: float = 1.0) -> Refusal | None:
        """Let a session in, which ``release`` is told the end of; or the seconds after which to ask again.

        ``cost``: how many times that of 512x512 pixels, 25 a second, it is; see ``cost``.
        """
        with self._lock:
            why = self._why_not(mode, cost)
            if why is not None:
                return why
            self._count[mode] += 1
            self._load += cost / self.limits[mode]
        return None

    def why_not(self, mode: str, cost: float = 1.0) -> Refusal | None:
        """What ``admit`` would say; nobody is let in."""
        with self._lock:
            return self._why_not(mode, cost)

    def release(self, mode: str, cost: float = 1.0) -> None:
        """A session of that mode and cost has ended."""
        with self._lock:
            self._count[mode] -= 1
            # Sums of parts do not end at zero by themselves.
            self._load = max(0.0, self._load - cost / self.limits[mode]) if any(self._count.values()) else 0.0
            now = self._clock()
            if self._ended is not None:
                self._between += 0.2 * (now - self._ended - self._between)
            self._ended = now

    def drew(self, late: float) -> None:
        """A picture was ready ``late`` seconds after its time; below 0 before it."""
        with self._lock:
            self._fade()
            self._pictures += 1
            self._late += late > LATE

    @property
    def sessions(self) -> dict[str, int]:
        """How many there are of each mode."""
        with self._lock:
            return dict(self._count)

    @property
    def load(self) -> float:
        """What the sessions take of what there is, 0 to 1."""
        with self._lock:
            return self._load

    def _why_not(self, mode: str, cost: float) -> Refusal | None:
        if self.draining:
            return Refusal(USUAL, "draining")
        # A session that is larger than all that there is has the machine for itself.
        if self._load + min(cost / self.limits[mode], 1.0) > 1 + 1e-9:
            return Refusal(self._between, "full")
        self._fade()
        if self._pictures >= FEWEST and self._late > TOO_LATE * self._pictures:
            return Refusal(REMEMBERED, "late")
        left = self._memory()
        if left is not None and left < RESERVE + MEMORY[mode]:
            return Refusal(self._between, "memory")
        return None

    def _fade(self) -> None:
        """What was is forgotten slowly."""
        now = self._clock()
        kept = math.exp((self._at - now) / REMEMBERED)
        self._late, self._pictures, self._at = self._late * kept, self._pictures * kept, now


def cost(width: int, height: int, fps: float) -> float:
    """What pictures of that size and rate cost, as a multiple of 512x512 pixels, 25 a second.

    A part of each picture is posing and counting, which no size changes.
    """
    return fps / 25 * (0.4 + 0.6 * width * height / 512**2)


def fitting(mode: str, available: float | None = None) -> int:
    """How many sessions of a mode fit on so many cores, this process's unless they are given; at least one."""
    return max(1, math.floor(FILLED * (cores() if available is None else available) / CORES[mode]))

"""When pictures are due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """Waits until the next picture is due: every ``1 / fps`` seconds, whatever each one took.

    A picture that is late makes the following ones no later. Where more than one whole picture is missed they are left
    out: pictures in a rush would wait behind one another wherever they go, and be late for good.
    """

    def __init__(self, fps: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval = 1 / fps
        self._clock = clock
        self._due: float | None = None

    async def wait(self) -> None:
        """Return when the next picture is due, at once where it is late."""
        now = self._clock()
        if self._due is None or now > self._due + self.interval:
            self._due = now
        if now < self._due:
            await asyncio.sleep(self._due - now)
        self._due += self.interval

    def shift(self, seconds: float) -> None:
        """Have all pictures from the next one on be due that much later; earlier where negative."""
        if self._due is not None:
            self._due += seconds

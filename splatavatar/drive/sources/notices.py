"""What a running source has to say, without flooding the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LOG = logging.getLogger("splatavatar")
PAUSE = 1.0
"""seconds between two messages of ``say``, at least"""


class Notices:
    """What may come again and again is said once a second at most; what has a key is said once, and always.

    ``clock`` gives seconds; it is not the clock of the signals, which may stand still.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._last: float | None = None
        self._said: set[str] = set()

    def say(self, text: str) -> bool:
        """Log ``text``; whether it was logged. What must not get lost is said again until it was."""
        now = self._clock()
        if self._last is not None and 0 <= now - self._last < PAUSE:
            return False
        self._last = now
        LOG.warning("%s: %s", self.name, text)
        return True

    def once(self, key: str, text: str) -> None:
        """Log ``text``, at once, unless something was logged under ``key`` before; callers have few keys."""
        if key not in self._said:
            self._said.add(key)
            LOG.warning("%s: %s", self.name, text)

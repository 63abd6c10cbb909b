"""What a running source has to say, without flooding the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LOG = logging.getLogger("splatavatar")
PAUSE = 1.0
"""seconds between two messages of one source, at least"""


class Notices:
    """One line a second at most; what comes faster is left out.

    ``clock`` gives seconds; it is not the clock of the signals, which may stand still.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._last = -PAUSE
        self._said: set[str] = set()

    def say(self, text: str) -> bool:
        """Log ``text``; whether it was logged."""
        now = self._clock()
        if now - self._last < PAUSE and self._last >= 0:
            return False
        self._last = now
        LOG.warning("%s: %s", self.name, text)
        return True

    def once(self, key: str, text: str) -> None:
        """Log ``text`` unless something was logged under ``key`` before."""
        if key not in self._said and self.say(text):
            self._said.add(key)

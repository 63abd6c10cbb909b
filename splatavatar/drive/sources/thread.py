"""The thread of a live source."""

from __future__ import annotations

import threading
from collections.abc import Callable

JOIN_SECONDS = 5.0
"""that a thread gets to end before it is left alone (a camera driver may hang)"""


class Thread:
    """A daemon thread that runs ``work`` until it returns or is told to stop."""

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=work, args=(self._stopping,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell ``work`` to stop and wait for it; from the thread itself only tell it."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(JOIN_SECONDS)

"""Ctrl-C that never tears a file."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """Within the block SIGINT and SIGTERM call ``stop`` and raise nothing, however often they come.

    An exception raised between any two instructions could hit an encoder, or the closing of its file, half-way.
    Off the main thread nothing changes: signals are not delivered there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: it was not set from Python and cannot be set back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

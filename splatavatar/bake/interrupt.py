"""Ctrl-C that waits for the end of an optimiser step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Within the block Ctrl-C only makes the yielded function answer True; a second Ctrl-C interrupts at once.

    A step that is cut in two leaves parameters and moments that do not belong together, and a bake resumed from them
    would not end where an uninterrupted one ends. Outside of the main thread, where Python delivers no signals, the
    function answers False.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def remember(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)

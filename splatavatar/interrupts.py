"""Being told to end: Ctrl-C, a terminal that closes, ``kill``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""that ask a program to end"""
_OFTEN_IGNORED = {getattr(signal, name) for name in ("SIGHUP", "SIGQUIT") if hasattr(signal, name)}
"""that stay ignored where whoever started the program had them ignored, as nohup does"""


class Asked:
    """The first signal that came, if any did."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self) -> bool:
        """Whether one came."""
        return self.number is not None

    def ending(self) -> BaseException:
        """What ends the program now as the signal asked; as Ctrl-C where none came."""
        return ending(signal.SIGINT if self.number is None else self.number)


def ending(number: int) -> BaseException:
    """What ends a program as signal ``number`` asks: KeyboardInterrupt, or SystemExit with the code that shells use."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


@contextmanager
def deferred_signals(stop: Callable[[], None] | None = None, patient: bool = True) -> Iterator[Asked]:
    """Within the block a signal that asks the program to end calls ``stop`` and raises nothing.

    With ``patient`` that holds however often they come; else the second one ends the program at once. Off the main
    thread nothing changes: signals are not delivered there.
    """
    asked = Asked()

    def handle(number: int, frame: FrameType | None) -> None:
        again = asked()
        if not again:
            asked.number = number
        if stop is not None:
            stop()
        if again and not patient:
            raise ending(number)

    with _handled(handle):
        yield asked


@contextmanager
def raised_signals() -> Iterator[None]:
    """Within the block such a signal raises what ``ending`` says, so that everything that was begun is tidied up."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise ending(number)

    with _handled(handle, keep=(signal.SIGINT,)):  # Python raises KeyboardInterrupt itself
        yield


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None], keep: tuple[int, ...] = ()) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    try:
        for number in SIGNALS:
            known = signal.getsignal(number)
            if number in keep or (number in _OFTEN_IGNORED and known is signal.SIG_IGN):
                continue
            before[number] = known
            signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            # None: it was not set from Python and cannot be set back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

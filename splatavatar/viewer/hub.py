"""One driver, many viewers: each is sent the newest face, and none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

MOST_VIEWERS = 500
PATIENCE = 10.0
"""seconds that one message may take to leave before its viewer is given up"""
REPEAT = 3.0
"""seconds without a newer message after which the newest is sent again: a viewer that hears nothing for longer than
that takes its connection for dead"""


class Hub:
    """Hands the newest message to everybody who listens.

    All listen in one event loop; ``publish`` may be called by any thread, before anybody listens and after the loop
    has ended. A viewer that is slow is sent what is newest when it is ready for more; what came between is left out.
    The newest is sent again while nothing newer comes.
    """

    def __init__(self) -> None:
        self._newest: tuple[int, bytes] | None = None
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Event] = set()
        self._repeats = 0
        self._repeating: asyncio.TimerHandle | None = None

    @property
    def viewers(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def publish(self, message: bytes) -> None:
        """Make ``message`` the newest, and return at once. Only one thread at a time may call this."""
        self._count += 1
        self._newest = self._count, message
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._wake)

    async def listen(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send the newest message, at once if there is one, and each newer one after it, until cancelled.

        Raises what ``send`` raises, TimeoutError where one message does not leave in ``PATIENCE`` seconds, and
        TooManyViewers at once where as many listen as may.
        """
        if self.viewers >= MOST_VIEWERS:
            raise TooManyViewers
        self._loop = asyncio.get_running_loop()
        ready, sent = asyncio.Event(), (0, 0)
        self._listeners.add(ready)
        if self.viewers == 1:
            self._repeat_later()
        try:
            while True:
                ready.clear()
                newest = self._newest
                if newest is None or (newest[0], self._repeats) == sent:
                    await ready.wait()
                    continue
                sent = newest[0], self._repeats
                await asyncio.wait_for(send(newest[1]), PATIENCE)
        finally:
            self._listeners.discard(ready)
            if not self._listeners and self._repeating is not None:
                self._repeating.cancel()

    def _wake(self) -> None:
        for ready in self._listeners:
            ready.set()
        if self._listeners:
            self._repeat_later()

    def _repeat_later(self) -> None:
        assert self._loop is not None
        if self._repeating is not None:
            self._repeating.cancel()
        self._repeating = self._loop.call_later(REPEAT, self._repeat)

    def _repeat(self) -> None:
        self._repeats += 1
        self._wake()


class TooManyViewers(Exception):
    """The refusal where as many viewers listen as may."""

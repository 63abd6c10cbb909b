"""One driver, many viewers: each is sent the newest face, and none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

MOST_VIEWERS = 500
PATIENCE = 10.0
"""seconds that one message may take to leave before its viewer is given up"""


class Hub:
    """Hands the newest message to everybody who listens.

    Belongs to one event loop; ``publish`` may be called by any thread. A viewer that is slow is sent what is newest
    when it is ready for more, and what came between is left out.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._newest: bytes | None = None
        self._version = 0
        self._listeners: set[asyncio.Event] = set()

    @property
    def viewers(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def publish(self, message: bytes) -> None:
        """Make ``message`` the newest. Returns at once; after the loop has ended nothing happens."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._take, message)

    async def listen(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send the newest message, at once if there is one, and each newer one after it, until cancelled.

        Raises what ``send`` raises, TimeoutError where one message does not leave in ``PATIENCE`` seconds, and
        TooManyViewers at once where as many listen as may.
        """
        if self.viewers >= MOST_VIEWERS:
            raise TooManyViewers
        ready, sent = asyncio.Event(), 0
        self._listeners.add(ready)
        try:
            while True:
                if self._version == sent or self._newest is None:
                    ready.clear()
                    await ready.wait()
                    continue
                sent = self._version
                await asyncio.wait_for(send(self._newest), PATIENCE)
        finally:
            self._listeners.discard(ready)

    def _take(self, message: bytes) -> None:
        self._newest = message
        self._version += 1
        for ready in self._listeners:
            ready.set()


class TooManyViewers(Exception):
    """As many viewers listen as may."""

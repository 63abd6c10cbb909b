"""Messages of one who talks in a session, in order; an interruption overtakes what it interrupts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

MOST_WAITING = 256
"""messages"""
END = '{"type": "end"}'


class Inbox:
    """Its methods belong to one event loop."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        """``interrupt`` is called at once when a message asks for it; those before it are thrown away."""
        self._interrupt = interrupt
        self._queue: asyncio.Queue[bytes | str] = asyncio.Queue(MOST_WAITING)

    def offer(self, message: bytes | str) -> bool:
        """Take a message; False, and it is not taken, where too many wait."""
        if self._overtakes(message):
            return True
        if self._queue.full():
            return False
        self._queue.put_nowait(message)
        return True

    async def put(self, message: bytes | str) -> None:
        """Take a message, as soon as there is room."""
        if not self._overtakes(message):
            await self._queue.put(message)

    async def get(self) -> bytes | str:
        """The next message."""
        return await self._queue.get()

    def _overtakes(self, message: bytes | str) -> bool:
        if not _is_clear(message):
            return False
        while not self._queue.empty():
            self._queue.get_nowait()
        self._interrupt()
        # What was being sent is over, too.
        self._queue.put_nowait(END)
        return True


def _is_clear(message: bytes | str) -> bool:
    if not isinstance(message, str) or len(message) > 200:
        return False
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("type") == "clear"

"""Messages of one who talks in a session, in order; an interruption overtakes what it interrupts."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable

MOST_WAITING = 4 << 20
"""bytes: 87 s of samples of 24 kHz in one channel"""
EXTRA = 256
"""bytes that a message counts beside its own"""
END = '{"type": "end"}'


class Inbox:
    """Its methods belong to one event loop."""

    def __init__(self, interrupt: Callable[[], object], interruptions: Callable[[], int]) -> None:
        """
        Args:
            interrupt: is called at once when a message asks for it; those before it are thrown away.
            interruptions: how many there were so far, by whomever.
        """
        self._interrupt, self._interruptions = interrupt, interruptions
        self._messages: deque[tuple[bytes | str, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._room, self._some = asyncio.Event(), asyncio.Event()

    def offer(self, message: bytes | str) -> bool:
        """Take a message; False, and it is not taken, where too much waits."""
        if self._overtakes(message):
            return True
        if self._bytes >= MOST_WAITING:
            return False
        self._add(message)
        return True

    async def put(self, message: bytes | str) -> None:
        """Take a message, as soon as there is room."""
        while not self.offer(message):
            self._room.clear()
            await self._room.wait()

    async def get(self) -> tuple[bytes | str, int] | None:
        """The next message, and how many interruptions there were when it came; None after the last one."""
        while not self._messages:
            if self._closed:
                return None
            self._some.clear()
            await self._some.wait()
        message, since = self._messages.popleft()
        self._bytes -= len(message) + EXTRA
        self._room.set()
        return message, since

    def close(self) -> None:
        """What has come was the last."""
        self._closed = True
        self._some.set()

    def _add(self, message: bytes | str) -> None:
        self._messages.append((message, self._interruptions()))
        self._bytes += len(message) + EXTRA
        self._some.set()

    def _overtakes(self, message: bytes | str) -> bool:
        if not _is_clear(message):
            return False
        self._messages.clear()
        self._bytes = 0
        self._room.set()
        self._interrupt()
        # What was being sent is over, too.
        self._add(END)
        return True


def _is_clear(message: bytes | str) -> bool:
    if not isinstance(message, str) or len(message) > 200:
        return False
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("type") == "clear"

"""What happens in a session, told to everybody who listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

MOST_WAITING = 256
"""events that one who listens may be behind; then they are left out, and are told so by the end of the stream"""
MOST_LISTENERS = 16
"""of one session"""


class Events:
    """Hands every event to all who listen. Methods belong to one event loop."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self.closed = False

    @property
    def full(self) -> bool:
        """Whether nobody more may listen."""
        return len(self._listeners) >= MOST_LISTENERS

    def tell(self, kind: str, **fields: Any) -> str:
        """Tell an event; the JSON of it."""
        text = json.dumps({"type": kind, **fields})
        for queue in list(self._listeners):
            if queue.full():
                self._listeners.discard(queue)
                _end(queue)
            else:
                queue.put_nowait(text)
        return text

    async def listen(self) -> AsyncGenerator[str, None]:
        """The events from now on, each as JSON, until the session is over. None where nobody more may listen."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(MOST_WAITING)
        if self.closed or self.full:
            return
        self._listeners.add(queue)
        try:
            while (text := await queue.get()) is not None:
                yield text
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """The session is over."""
        self.closed = True
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
        self._listeners.clear()


def _end(queue: asyncio.Queue[str | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)

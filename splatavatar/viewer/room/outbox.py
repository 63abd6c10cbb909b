"""What waits to leave for one person: little, however slow their line is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

MOST_TEXTS = 512
MOST_SOUND = 25
"""pieces of 20 ms that wait of one sender; older ones are left out"""
PATIENCE = 10.0
"""seconds that one message may take to leave before the line is given up"""
REPEAT = 3.0
"""seconds in which nothing was sent after which a word is"""
ALIVE = '{"type": "alive"}'
"""the word of a server: pages have no other way to notice a dead line"""


class Outbox:
    """Texts in order, sound in order but not late, and of each sender the newest face alone.

    All methods belong to one event loop. Nothing waits but ``deliver``.
    """

    def __init__(self, word: str | None = None) -> None:
        """Let ``word`` be sent where nothing else was for a while, if there is one."""
        self._word = word
        self._texts: deque[str] = deque()
        self._sounds: dict[int, deque[bytes]] = {}
        self._faces: dict[int, bytes] = {}
        self._ready = asyncio.Event()
        self._ended = False

    def text(self, message: str) -> None:
        """Add a message in JSON. Raises TooSlow where too many wait."""
        if len(self._texts) >= MOST_TEXTS:
            raise TooSlow
        self._texts.append(message)
        self._ready.set()

    def sound(self, sender: int, message: bytes) -> None:
        """Add sound of the seat ``sender``."""
        self._sounds.setdefault(sender, deque(maxlen=MOST_SOUND)).append(message)
        self._ready.set()

    def face(self, sender: int, message: bytes) -> None:
        """The newest face of the seat ``sender``."""
        self._faces[sender] = message
        self._ready.set()

    def forget(self, sender: int) -> None:
        """Leave out what waits of the seat ``sender``, where somebody else may sit next."""
        self._sounds.pop(sender, None)
        self._faces.pop(sender, None)

    def end(self) -> None:
        """Let ``deliver`` return once all texts have left."""
        self._ended = True
        self._ready.set()

    async def deliver(
        self, send_text: Callable[[str], Awaitable[None]], send_bytes: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Send what comes, until ended. Raises what the callables raise, and TimeoutError for a line that stands."""
        while True:
            if self._texts:
                await asyncio.wait_for(send_text(self._texts.popleft()), PATIENCE)
                continue
            if self._ended:
                return
            message = self._next()
            if message is None:
                self._ready.clear()
                try:
                    await asyncio.wait_for(self._ready.wait(), None if self._word is None else REPEAT)
                except asyncio.TimeoutError:
                    assert self._word is not None
                    self._texts.append(self._word)
            else:
                await asyncio.wait_for(send_bytes(message), PATIENCE)

    def _next(self) -> bytes | None:
        """Sound before faces; whoever was served goes to the end of the line."""
        for sender, waiting in self._sounds.items():
            if waiting:
                message = waiting.popleft()
                self._sounds[sender] = self._sounds.pop(sender)
                return message
        for sender in self._faces:
            return self._faces.pop(sender)
        return None


class TooSlow(Exception):
    """The line is given up, because so much waits."""

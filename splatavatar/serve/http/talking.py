"""Speech that comes in messages: over a WebSocket, or over the channel of events of who watches."""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import AsyncExitStack, suppress
from typing import Any

import numpy as np

from splatavatar.errors import SignalError
from splatavatar.serve.http.saying import check_text, say
from splatavatar.serve.http.service import Service
from splatavatar.serve.session.mouth import Interrupted, Turn
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Session
from splatavatar.serve.speech.resampling import HIGHEST_RATE, LOWEST_RATE

EXPECTED = 'expected {"type": "format"}, "speech", "say", "end" or "clear"'
MOST_CHANNELS = 2


class Talk:
    """Takes messages, one after the other. Each may raise Refused or SignalError, after which the next is taken."""

    def __init__(self, session: Session, service: Service) -> None:
        self._session, self._service = session, service
        self._rate, self._channels = 24000, 1
        self._turn: Turn | None = None
        self._stack = AsyncExitStack()

    async def take(self, message: bytes | str, since: int) -> None:
        """A message that came after ``since`` interruptions: sound as it was announced, or one of ``EXPECTED``.

        ``session.inbox`` takes "clear".
        """
        if isinstance(message, bytes):
            await self._hear(message, since)
            return
        table = _table(message)
        kind = table.get("type")
        if kind == "format":
            self._rate, self._channels = _format(table, self._rate, self._channels)
        elif kind == "speech":
            self._rate, self._channels = _format(table, self._rate, self._channels)
            await self._hear(_decoded(table.get("data")), since)
        elif kind == "say":
            text, voice = check_text(self._session, self._service, table.get("text"), table.get("voice"))
            await self._over()
            with suppress(Interrupted):  # which tells itself
                await say(self._session, text, voice, since)
        elif kind == "end":
            await self._over()
        else:
            raise Refused(422, f"a message of an unknown type, {EXPECTED}.")

    async def close(self) -> None:
        """Nothing more comes: what came is said."""
        await self._over()

    async def _hear(self, content: bytes, since: int) -> None:
        size = 2 * self._channels
        if not content or len(content) % size:
            raise SignalError(f"{len(content)} bytes of sound, expected samples of {size} bytes (s16le).")
        if self._turn is None:
            self._turn = await self._stack.enter_async_context(self._session.mouth.turn(since))
        try:
            await self._turn.push(np.frombuffer(content, "<i2"), self._rate, self._channels)
        except Interrupted:
            # What comes after an interruption by somebody else belongs to what was interrupted, until its end.
            return

    async def _over(self) -> None:
        self._turn = None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()


def talk(session: Session, service: Service) -> Talk:
    """What takes the messages of one who talks in a session."""
    return Talk(session, service)


def _table(message: str) -> dict[str, Any]:
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        raise Refused(422, f"a message that is no JSON, {EXPECTED}.") from None
    if not isinstance(found, dict):
        raise Refused(422, f"a message that is no object of JSON, {EXPECTED}.")
    return found


def _format(table: dict[str, Any], rate: int, channels: int) -> tuple[int, int]:
    rate, channels = table.get("rate", rate), table.get("channels", channels)
    if isinstance(rate, bool) or not isinstance(rate, int) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise Refused(422, f"the rate of sound is a whole number from {LOWEST_RATE} to {HIGHEST_RATE}.")
    if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= MOST_CHANNELS:
        raise Refused(422, f"sound has 1 or {MOST_CHANNELS} channels.")
    return rate, channels


def _decoded(data: Any) -> bytes:
    if not isinstance(data, str):
        raise Refused(422, "speech without data, expected samples (s16le) in base64.")
    try:
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise Refused(422, "speech whose data is no base64.") from None

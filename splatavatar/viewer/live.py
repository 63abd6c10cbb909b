"""The WebSocket by which a viewer follows a driver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from splatavatar.viewer.hub import Hub, TooManyViewers

if TYPE_CHECKING:
    from fastapi import WebSocket

LIVE = "/live"
BUSY, UNASKED, GONE = 1013, 1008, 1001
"""why a connection is closed (RFC 6455, 7.4.1, and IANA's list)"""


def live_endpoint(hub: Hub) -> Callable[[WebSocket], Awaitable[None]]:
    """Sends what ``hub`` hands out, from the newest on, as binary messages; a viewer that speaks is cut off."""

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        following = asyncio.create_task(hub.listen(socket.send_bytes))
        speaking = asyncio.create_task(socket.receive())
        try:
            await asyncio.wait({following, speaking}, return_when=asyncio.FIRST_COMPLETED)
            code, reason = await _outcome(following, speaking)
        finally:
            for task in (following, speaking):
                task.cancel()
            await asyncio.gather(following, speaking, return_exceptions=True)
        if code:
            with suppress(RuntimeError, OSError):  # it has gone meanwhile
                await socket.close(code, reason)

    return live


async def _outcome(following: asyncio.Task[None], speaking: asyncio.Task[object]) -> tuple[int, str]:
    """How to close: a code and a reason, 0 where the viewer has gone."""
    if speaking.done():
        message = speaking.exception() or speaking.result()
        spoke = isinstance(message, dict) and message.get("type") == "websocket.receive"
        return (UNASKED, "a viewer only listens") if spoke else (0, "")
    if isinstance(following.exception(), TooManyViewers):
        return BUSY, "too many viewers"
    return 0, ""

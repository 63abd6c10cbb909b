"""Bodies of requests: how large they may be, and how long they may take."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from splatavatar.serve.http.answering import failure
from splatavatar.viewer.guard import Application, Receive, Scope, Send

LARGEST = 256 << 10
"""bytes of JSON"""
SLOWEST = 15.0
"""seconds in which it has come"""
TOO_LARGE = f"The body has more than {LARGEST >> 10} KiB."
TOO_SLOW = "The body did not come in time."


class Bounded:
    """Reads the bodies of requests before the application does, except of paths that end in ``streamed``."""

    def __init__(self, app: Application, streamed: str) -> None:
        self._app, self._streamed = app, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http" or scope["path"].endswith(self._streamed):
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(_body(scope, receive), SLOWEST)
        except asyncio.TimeoutError:
            await failure(408, TOO_SLOW, headers={"connection": "close"})(scope, receive, send)
            return
        if body is None:
            await failure(413, TOO_LARGE, headers={"connection": "close"})(scope, receive, send)
            return
        given = False

        async def once() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, once, send)


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """What was sent; None for more than is read."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if announced.isdigit() and int(announced) > LARGEST:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > LARGEST:
            return None
        if not message.get("more_body", False):
            return bytes(body)

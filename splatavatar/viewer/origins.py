"""Pages of other servers that may follow a driver and load its avatar."""

from __future__ import annotations

import re
from collections.abc import Collection, MutableMapping
from typing import Any

from splatavatar.errors import SettingsError
from splatavatar.viewer.guard import Application, Receive, Scope, Send

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?")
_USUAL = {"http": ":80", "https": ":443"}


def origin(text: str) -> str:
    """An origin as browsers name it in their requests, such as ``https://example.org:8443``.

    Raises SettingsError for anything else.
    """
    plain = text.strip().lower().removesuffix("/")
    if not _ORIGIN.fullmatch(plain):
        raise SettingsError(f"{text} is no origin; name one as https://example.org, without a path.")
    return plain.removesuffix(_USUAL[plain.partition(":")[0]])


class Admitted:
    """Answers pages of some other origins as if they were the server's own, and lets their browser read the answer.

    All else goes on to the application, which knows no origin but its own.
    """

    def __init__(self, app: Application, origins: Collection[str]) -> None:
        self._app = app
        self._origins = {each.encode() for each in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        found = next((value for name, value in scope.get("headers", ()) if name == b"origin"), None)
        if found not in self._origins:
            await self._app(scope, receive, send)
            return
        assert found is not None
        permission = [
            (b"access-control-allow-origin", found),
            (b"access-control-allow-headers", b"range"),
            (b"access-control-expose-headers", b"content-range"),
            (b"vary", b"origin"),
        ]
        if scope.get("method") == "OPTIONS":  # it asks whether it may ask
            await send({"type": "http.response.start", "status": 204, "headers": permission})
            await send({"type": "http.response.body", "body": b""})
            return

        async def permitted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *permission]
            await send(message)

        rest = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        await self._app({**scope, "headers": rest}, receive, permitted)

"""Whose page may ask the service, and what a browser may do with the answer."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any

from splatavatar.serve.http.answering import failure
from splatavatar.serve.http.metrics import Metrics
from splatavatar.viewer.answers import FRESH
from splatavatar.viewer.guard import HEADERS, POLICY_HEADER, Application, Receive, Scope, Send

ALLOWED = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "authorization, content-type, range, last-event-id",
    "access-control-expose-headers": "content-range, retry-after",
    "access-control-max-age": "600",
    "vary": "origin",
}
"""what a browser is told for a page that is admitted"""
ANCESTORS = "frame-ancestors 'self'"
"""who may show the page within itself, as policies of ``viewer.guard`` say it"""
ANOTHER_PAGE = "A page of another origin asks, expected one that the service was told of (--allow-origin)."


class Gate:
    """The application, for its own pages, those of the origins that are named, and programs, which name none.

    Pages of other origins are refused whatever they ask for: also what a browser would send without asking first, and
    WebSockets, of which browsers ask nothing at all.
    """

    def __init__(self, app: Application, metrics: Metrics, origins: Collection[str] = ()) -> None:
        """
        Args:
            app: what answers.
            metrics: where refusals are counted.
            origins: pages that may ask and may show the service's page within themselves, as ``origins.origin`` makes
                them.
        """
        self._app, self._metrics = app, metrics
        self._origins = frozenset(origins)
        self._ancestors = " ".join([ANCESTORS, *sorted(origins)]).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        permission = {"access-control-allow-origin": origin, **ALLOWED} if origin in self._origins else {}

        async def answered(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower(): value for name, value in message.get("headers", ())}
                more = _bytes(HEADERS | FRESH) | given | _bytes(permission)
                policy = more[POLICY_HEADER.encode()]
                more[POLICY_HEADER.encode()] = policy.replace(ANCESTORS.encode(), self._ancestors)
                message["headers"] = list(more.items())
            await send(message)

        if b"origin" in headers and not permission and not _is_own(origin, headers):
            self._metrics.refused("origin")
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the answer is 403
            else:
                await failure(403, ANOTHER_PAGE)(scope, receive, answered)
        elif scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            await answered({"type": "http.response.start", "status": 204, "headers": []})
            await answered({"type": "http.response.body", "body": b""})
        else:
            # What is within knows no origin but its own.
            rest = [pair for pair in scope["headers"] if pair[0] != b"origin"] if permission else scope["headers"]
            await self._app({**scope, "headers": rest}, receive, answered)


def _bytes(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def _is_own(origin: str, headers: dict[bytes, bytes]) -> bool:
    """Whether it is the host that the request was sent to."""
    return origin.partition("://")[2].lower() == headers.get(b"host", b"").decode("latin-1").lower()

"""Who is answered, and what a browser may do with the answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from splatavatar.viewer.share import COOKIE, PARAMETER, Admission

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' data: "
    "blob:; connect-src 'self' data: blob: http://127.0.0.1:* http://localhost:*; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Nothing is fetched from or sent to any other machine: avatars and signals come from here or from the viewer's own."""
COMPUTING_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
"""of a page that runs WebAssembly of this server"""
POLICY_HEADER = "content-security-policy"
HEADERS = {
    POLICY_HEADER: POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
TOKEN = "splatavatar.token"
"""where the scope of a request has the token that it came with"""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?")


class Guard:
    """Answers requests that name this server as their host, and no others.

    A page of somebody else may have its own name point to 127.0.0.1 and read what is served there (DNS rebinding); its
    requests still carry that name.
    """

    def __init__(self, app: Application, hosts: Collection[str] = LOOPBACK, token: Admission | None = None) -> None:
        """With ``token`` one that it admits has to come with every request, as a parameter of its address or as the
        cookie that the first answer sets; ``TOKEN`` of the scope is what came.
        """
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if self._is_foreign(headers.get(b"host", b"").decode("latin-1")) or self._of_another_page(headers):
            await _refuse(scope, send, b"This server answers to its own name alone.\n")
            return
        given = _parameter(scope)
        by_link = self._token is not None and self._token.admits(given)
        if self._token is not None and not by_link:
            given = _cookie(headers)
            if not self._token.admits(given):
                await _refuse(scope, send, f"{self._token.refusal}\n".encode())
                return
        scope[TOKEN] = given

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                stated = {name for name, _ in message["headers"]}
                added = ((name.encode(), value.encode()) for name, value in HEADERS.items())
                message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in stated)]
                if by_link:
                    secure = "; Secure" if scope.get("scheme") == "https" else ""
                    cookie = f"{COOKIE}={given}; HttpOnly; SameSite=Strict; Path=/{secure}"
                    message["headers"].append((b"set-cookie", cookie.encode()))
            await send(message)

        await self._app(scope, receive, guarded)

    def _is_foreign(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        return match is None or match[1].lower() not in self._hosts

    def _of_another_page(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a page of another origin sent the request; links and programs name none."""
        origin = headers.get(b"origin")
        if origin is None:
            return False
        return origin.decode("latin-1").partition("://")[2].lower() != headers[b"host"].decode("latin-1").lower()


def _parameter(scope: Scope) -> str | None:
    """The token in the address of a request."""
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(PARAMETER)
    return found[0] if found else None


def _cookie(headers: dict[bytes, bytes]) -> str | None:
    """The token in the cookies of a request."""
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, mark, value = pair.strip().partition("=")
        if mark and name == COOKIE:
            return value
    return None


async def _refuse(scope: Scope, send: Send, text: bytes) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the answer is 403
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": text})

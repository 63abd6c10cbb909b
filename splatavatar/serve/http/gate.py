"""What every request passes before it is read: whose page sent it, how often they ask, how much they send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, MutableMapping
from time import monotonic
from typing import Any

from splatavatar.serve.http.keys import ApiKeys
from splatavatar.serve.http.limits import RateLimits, subscriber
from splatavatar.serve.http.logs import log_event
from splatavatar.serve.http.metrics import Metrics
from splatavatar.viewer.guard import HEADERS, POLICY, POLICY_HEADER, Application, Receive, Scope, Send

PROBES = ("/healthz", "/readyz")
"""paths that whoever watches over the machine asks often, and which say nothing"""
MOST_OF_A_SOUND = 32 << 20
"""bytes of a sound that is sent in one request: five minutes at 48 kHz in 16 bits"""
MOST_OF_AN_OFFER = 128 << 10
MOST = 32 << 10
"""bytes of any other request"""
PATIENCE, SLOWEST = 10.0, 64 << 10
"""seconds that a request may take to come, and the bytes a second by which a large one may take longer"""
RATE, BURST = 50.0, 200.0
"""requests a second, and at once, of one key or one address"""
WRONG_RATE, WRONG_BURST = 0.2, 20.0
"""requests a second, and at once, that one address may make with a key or a token that is not admitted"""
ALLOWED = (
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, range, last-event-id"),
    (b"access-control-expose-headers", b"content-range, retry-after"),
    (b"access-control-max-age", b"600"),
    (b"vary", b"origin"),
)
"""what a browser is told for a page that is admitted"""


class Gate:
    """The application, for who keeps to what a service can bear.

    Pages of other origins are refused unless they are named, whatever they ask for. Bodies are counted while they come.
    A key that is right is never held up by wrong ones, also not by those from the same address. What goes wrong within
    is told in one sentence that says nothing of why; the log has where.
    """

    def __init__(
        self,
        app: Application,
        keys: ApiKeys,
        metrics: Metrics,
        origins: Collection[str] = (),
        requests: RateLimits | None = None,
        wrong: RateLimits | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """
        Args:
            app: what answers.
            keys: by which limits are counted for each; what they are for is the matter of ``app``.
            metrics: where refusals are counted.
            origins: pages that may ask, as ``origins.origin`` makes them.
            requests: how often who may ask.
            wrong: how often an address may be wrong.
            patience: seconds that a request may take to come.
        """
        self._app, self._keys, self._metrics, self._patience = app, keys, metrics, patience
        self._origins = {each.encode() for each in origins}
        self._requests = requests or RateLimits(RATE, BURST)
        self._wrong = wrong or RateLimits(WRONG_RATE, WRONG_BURST)
        # Pages that may ask may also show the page of the service within themselves.
        policy = POLICY.replace("frame-ancestors 'self'", " ".join(["frame-ancestors 'self'", *sorted(origins)]))
        self._headers = HEADERS | {POLICY_HEADER: policy, "cache-control": "no-store"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        answer = _Answer(scope, send, self._headers, self._permission(headers))
        if scope["path"] in PROBES:
            await self._app(scope, receive, answer)
            return
        if self._of_another_page(headers):
            await self._refuse(answer, 403, "origin", "a page of another origin, expected one that was named")
        elif scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            await answer.end(204)
        elif (wait := self._rate(scope, headers)) is not None:
            await self._refuse(answer, 429, "rate", "too many requests", wait)
        elif (most := _most(scope["path"])) < _length(headers):
            await self._refuse(answer, 413, "size", f"more than {most} bytes")
        else:
            await self._pass(scope, _Body(receive, most, self._patience), answer)

    async def _pass(self, scope: Scope, body: _Body, answer: _Answer) -> None:
        address = _address(scope)

        async def watched(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                if body.refused is not None:  # the application knows only that it could not read it
                    return
                if message["status"] == 401:
                    self._metrics.refused("key")
                    log_event("refused", reason="key", address=address)
                    wait = self._wrong.take(subscriber(address))
                    if wait is not None:
                        await self._refuse(answer, 429, "rate", "too many requests with a wrong key", wait)
            elif body.refused is not None and message["type"] == "http.response.body":
                return
            await answer(message)

        received = body if scope["type"] == "http" else body.receive
        try:
            await self._app(scope, received, watched)
        except _Refused:
            pass
        except Exception as error:
            # A connection that breaks is no fault of anybody's.
            if not isinstance(error, (ConnectionError, asyncio.TimeoutError)):
                self._metrics.failed("request")
                log_event("failed", reason=type(error).__name__, failed=True)
            if body.refused is None:
                await answer.say(500, "the service failed at this; its log says where")
        if body.refused is not None:
            status, sentence = body.refused
            await self._refuse(answer, status, "size", sentence)

    def _permission(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """What lets the browser read the answer."""
        origin = headers.get(b"origin")
        return [(b"access-control-allow-origin", origin), *ALLOWED] if origin in self._origins and origin else []

    def _of_another_page(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a page that is neither the service's own nor admitted has sent it; programs name none."""
        origin = headers.get(b"origin")
        if origin is None or origin in self._origins:
            return False
        return origin.partition(b"://")[2].lower() != headers.get(b"host", b"").lower()

    def _rate(self, scope: Scope, headers: dict[bytes, bytes]) -> float | None:
        """In how many seconds it may be asked again; None for now."""
        key = self._keys.check(headers.get(b"authorization", b"").decode("latin-1"))
        if key is not None:
            return self._requests.take(key.id, rate=key.rate)
        return self._requests.take(subscriber(_address(scope)))

    async def _refuse(
        self, answer: _Answer, status: int, reason: str, sentence: str, wait: float | None = None
    ) -> None:
        self._metrics.refused(reason)
        await answer.say(status, sentence, wait)


class _Refused(Exception):
    """The body of a request is not read any further."""


class _Body:
    """The body of a request as it comes, counted."""

    def __init__(self, receive: Receive, most: int, patience: float) -> None:
        self.receive = receive
        self._most, self._count, self._whole = most, 0, False
        self._until = monotonic() + patience
        self.refused: tuple[int, str] | None = None
        """status and sentence for a body that is too large or too slow"""

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._whole:  # what comes now is that nobody waits for the answer any more
            return await self.receive()
        left = self._until + self._count / SLOWEST - monotonic()
        try:
            message = await asyncio.wait_for(self.receive(), max(left, 0.001))
        except asyncio.TimeoutError:
            self.refused = 408, "a request that does not come to its end"
            raise _Refused from None
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._count > self._most:
                self.refused = 413, f"more than {self._most} bytes"
                raise _Refused
        return message


class _Answer:
    """The answer to one request; whatever is said after its beginning by another is dropped."""

    def __init__(
        self, scope: Scope, send: Send, headers: dict[str, str], permission: list[tuple[bytes, bytes]]
    ) -> None:
        self._scope, self._send, self._permission = scope, send, permission
        self._added = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._begun = self._own = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if self._own:
            return
        if message["type"] == "http.response.start":
            stated = {name.lower() for name, _ in message.get("headers", ())}
            more = [pair for pair in self._added if pair[0] not in stated]
            message["headers"] = [*message.get("headers", ()), *more, *self._permission]
        self._begun = self._begun or message["type"] in ("http.response.start", "websocket.accept", "websocket.close")
        await self._send(message)

    async def end(self, status: int, content: bytes = b"", headers: Collection[tuple[bytes, bytes]] = ()) -> None:
        """An answer of our own, unless another one has begun."""
        if self._begun:
            return
        if self._scope["type"] == "websocket":
            await self({"type": "websocket.close", "code": 1013 if status == 429 else 1008})
        else:
            length = [] if status == 204 else [(b"content-length", str(len(content)).encode())]
            await self({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
            await self({"type": "http.response.body", "body": content})
        self._own = True

    async def say(self, status: int, sentence: str, wait: float | None = None) -> None:
        """A sentence of our own, unless another answer has begun."""
        headers = [(b"content-type", b"application/json")]
        if wait is not None:
            headers.append((b"retry-after", str(max(1, round(wait))).encode()))
        if status in (408, 413):  # what is still to come of the request is not read
            headers.append((b"connection", b"close"))
        await self.end(status, json.dumps({"detail": sentence}).encode(), headers)


def _most(path: str) -> int:
    last = path.rstrip("/").rpartition("/")[2]
    return {"speech": MOST_OF_A_SOUND, "offer": MOST_OF_AN_OFFER}.get(last, MOST)


def _length(headers: dict[bytes, bytes]) -> int:
    """What the request says of its length; 0 where it says nothing."""
    said = headers.get(b"content-length", b"").strip()
    return int(said) if said.isdigit() and len(said) < 20 else 0


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""

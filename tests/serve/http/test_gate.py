from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("prometheus_client")
pytest.importorskip("fastapi")
from splatavatar.serve.http.gate import Gate
from splatavatar.serve.http.metrics import Metrics
from splatavatar.viewer.guard import Receive, Scope, Send

SHOP = "https://shop.example"


class Answer:
    def __init__(self, sent: list[Any]) -> None:
        self.sent = sent
        self.status: int = sent[0].get("status", 0)
        self.headers = {name.decode(): value.decode() for name, value in sent[0].get("headers", ())}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])


class Inner:
    """Counts how often it was asked."""

    asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        own = [(b"Cache-Control", b"max-age=5")] if scope["path"] == "/page" else []
        assert SHOP.encode() not in dict(scope["headers"]).values()
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"inner"})


def ask(
    gate: Gate,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    kind: str = "http",
    path: str = "/v1/avatars",
) -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "agents.example"} | (headers or {})
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
    }
    asyncio.run(gate(scope, receive, send))
    return Answer(sent)


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def closed(inner: Inner) -> Gate:
    return Gate(inner, Metrics(process=False))


def test_answers_say_what_browsers_may_do(closed: Gate) -> None:
    answer = ask(closed)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    page = ask(closed, path="/page")
    assert page.headers["cache-control"] == "max-age=5"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://agents.example.evil.example", "", "agents.example", "\xff"]
)
def test_pages_of_others_are_refused_whatever_they_ask(origin: str, closed: Gate, inner: Inner) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = ask(closed, method, {"origin": origin, "access-control-request-method": "POST"})
        assert answer.status == 403
        assert "another origin" in json.loads(answer.body)["error"]
        assert "access-control-allow-origin" not in answer.headers
    refused = ask(closed, kind="websocket", headers={"origin": origin})
    assert refused.sent == [{"type": "websocket.close", "code": 1008}]
    assert inner.asked == 0
    assert b'splatavatar_refused_total{reason="origin"} 4.0' in closed._metrics.text()


def test_its_own_page_and_programs_are_answered(closed: Gate) -> None:
    assert ask(closed, headers={"origin": "https://agents.example"}).body == b"inner"
    assert ask(closed, kind="websocket").sent == [{"type": "websocket.accept"}]
    assert (
        ask(closed, kind="websocket", headers={"origin": "https://Agents.example"}).sent[0]["type"].endswith("accept")
    )


def test_a_page_that_is_named_may_ask_and_show_the_page_in_itself(inner: Inner) -> None:
    opened = Gate(inner, Metrics(process=False), [SHOP])
    before = ask(opened, "OPTIONS", {"origin": SHOP, "access-control-request-method": "DELETE"})
    assert before.status == 204
    assert before.headers["access-control-allow-origin"] == SHOP
    assert "DELETE" in before.headers["access-control-allow-methods"]
    assert "authorization" in before.headers["access-control-allow-headers"]
    assert inner.asked == 0
    answer = ask(opened, headers={"origin": SHOP})
    assert answer.body == b"inner"
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["vary"] == "origin"
    # Nothing of a browser's own, such as cookies, counts.
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors 'self' {SHOP}")
    assert ask(opened, headers={"origin": "https://other.example"}).status == 403
    assert ask(opened, kind="websocket", headers={"origin": SHOP}).sent == [{"type": "websocket.accept"}]

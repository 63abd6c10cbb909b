from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

pytest.importorskip("prometheus_client")
from splatavatar.serve.http.gate import MOST, MOST_OF_A_SOUND, Gate
from splatavatar.serve.http.keys import ApiKeys, Key, new_key
from splatavatar.serve.http.limits import RateLimits
from splatavatar.serve.http.metrics import Metrics
from splatavatar.viewer.guard import Receive, Scope, Send


class Answer:
    def __init__(self, sent: list[Any]) -> None:
        self.sent = sent
        start = sent[0]
        self.status: int = start.get("status", 0)
        self.headers = {name.decode(): value.decode() for name, value in start.get("headers", ())}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])

    @property
    def sentence(self) -> str:
        return str(json.loads(self.body)["detail"])


class Inner:
    """Reads the whole body and says how long it was; counts how often it was asked."""

    asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        if scope["path"] == "/broken":
            raise RuntimeError("the secret is 42")
        count, more = 0, True
        while more:
            try:
                message = await receive()
            except Exception:
                if scope["path"] == "/swallows":
                    await answered(send, 400)
                    return
                raise
            count, more = count + len(message.get("body", b"")), message.get("more_body", False)
        await answered(send, 401 if scope["path"] == "/closed" else 200, str(count).encode())


async def answered(send: Send, status: int, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def ask(
    gate: Gate,
    path: str = "/v1/avatars",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: Iterable[bytes] = (b"",),
    kind: str = "http",
    address: str = "192.0.2.1",
    stalls: bool = False,
) -> Answer:
    sent: list[Any] = []
    pieces = list(body)

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces) or stalls}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "agents.example"} | (headers or {})
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": (address, 5),
    }
    asyncio.run(asyncio.wait_for(gate(scope, receive, send), 10))
    return Answer(sent)


@pytest.fixture
def inner() -> Inner:
    return Inner()


def gate(inner: Inner, keys: Iterable[Key] = (), **more: Any) -> Gate:
    return Gate(inner, ApiKeys(keys), Metrics(process=False), **more)


def refused(gate: Gate, reason: str) -> bool:
    return f'splatavatar_refused_total{{reason="{reason}"}} 1.0'.encode() in gate._metrics.text()


def test_answers_say_what_browsers_may_do(inner: Inner) -> None:
    answer = ask(gate(inner))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self';" in answer.headers["content-security-policy"] + ";"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_others_are_refused_whatever_they_ask(inner: Inner) -> None:
    closed = gate(inner)
    for origin in ("https://evil.example", "null", "https://agents.example.evil.example", ""):
        for method in ("GET", "POST", "OPTIONS"):
            answer = ask(closed, method=method, headers={"origin": origin, "access-control-request-method": "POST"})
            assert answer.status == 403
            assert "access-control-allow-origin" not in answer.headers
        assert ask(closed, kind="websocket", headers={"origin": origin}).sent == [
            {"type": "websocket.close", "code": 1008}
        ]
    assert inner.asked == 0
    assert ask(closed, headers={"origin": "https://agents.example"}).status == 200  # its own page


def test_a_page_that_is_named_may_ask_and_show_the_page_in_itself(inner: Inner) -> None:
    shop = "https://shop.example"
    opened = gate(inner, origins=[shop])
    before = ask(opened, method="OPTIONS", headers={"origin": shop, "access-control-request-method": "DELETE"})
    assert before.status == 204
    assert before.headers["access-control-allow-origin"] == shop
    assert "DELETE" in before.headers["access-control-allow-methods"]
    assert "authorization" in before.headers["access-control-allow-headers"]
    answer = ask(opened, headers={"origin": shop})
    assert answer.headers["access-control-allow-origin"] == shop
    assert answer.headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in answer.headers
    assert f"frame-ancestors 'self' {shop}" in answer.headers["content-security-policy"]
    assert ask(opened, headers={"origin": "https://other.example"}).status == 403
    # The answer to a page that is refused for another reason can be read as well.
    assert ask(opened, headers={"origin": shop, "content-length": "99999999"}).headers["access-control-allow-origin"]


def test_a_body_is_not_read_where_it_says_that_it_is_too_large(inner: Inner) -> None:
    closed = gate(inner)
    answer = ask(closed, method="POST", headers={"content-length": str(MOST + 1)})
    assert (answer.status, answer.sentence) == (413, f"more than {MOST} bytes")
    assert answer.headers["connection"] == "close"
    assert inner.asked == 0
    assert refused(closed, "size")
    assert ask(closed, "/v1/sessions/5/speech", "POST", {"content-length": str(MOST_OF_A_SOUND)}).status == 200
    assert ask(closed, "/v1/sessions/5/speech", "POST", {"content-length": str(MOST_OF_A_SOUND + 1)}).status == 413
    assert ask(closed, "/v1/sessions/5/offer", "POST", {"content-length": str(MOST_OF_A_SOUND)}).status == 413


@pytest.mark.parametrize("path", ["/v1/sessions", "/swallows"])
def test_a_body_that_does_not_say_how_long_it_is_is_counted(path: str, inner: Inner) -> None:
    answer = ask(gate(inner), path, "POST", body=[b"x" * 1000] * 100)
    assert answer.status == 413
    assert len(answer.sent) == 2
    assert ask(gate(inner), path, "POST", body=[b"x" * 1000] * 10).body == b"10000"


@pytest.mark.parametrize("path", ["/v1/sessions", "/swallows"])
def test_a_body_that_does_not_come_is_not_waited_for(path: str, inner: Inner) -> None:
    answer = ask(gate(inner, patience=0.05), path, "POST", body=[b"x"], stalls=True)
    assert answer.status == 408
    assert answer.headers["connection"] == "close"


def test_each_key_has_its_own_limit(inner: Inner) -> None:
    (one, shown), (slow, shown_slow) = new_key("one", ["speech"]), new_key("slow", ["speech"], rate=10)
    closed = gate(inner, [one, slow], requests=RateLimits(20, 10, clock=lambda: 0.0))
    header, header_slow = ({"authorization": f"Bearer {each}"} for each in (shown, shown_slow))
    assert [ask(closed, headers=header).status for _ in range(11)] == [200] * 10 + [429]
    assert [ask(closed, headers=header_slow).status for _ in range(6)] == [200] * 5 + [429]
    assert ask(closed, headers=header).headers["retry-after"] == "1"
    assert ask(closed, kind="websocket", headers=header).sent == [{"type": "websocket.close", "code": 1013}]
    # Who has no key is counted by the address, and those who watch over the machine not at all.
    assert [ask(closed).status for _ in range(11)] == [200] * 10 + [429]
    assert ask(closed, address="192.0.2.2").status == 200
    assert [ask(closed, "/healthz").status for _ in range(50)] == [200] * 50


def test_wrong_keys_are_answered_ever_less_and_hold_up_no_right_one(inner: Inner) -> None:
    key, shown = new_key("one", ["speech"])
    closed = gate(inner, [key], wrong=RateLimits(0.1, 5, clock=lambda: 0.0))
    wrong = {"authorization": "Bearer sak_000000000000_" + "A" * 43}
    answers = [ask(closed, "/closed", headers=wrong) for _ in range(8)]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) == 10
    assert ask(closed, headers={"authorization": f"Bearer {shown}"}).status == 200
    assert ask(closed, "/closed", headers=wrong, address="192.0.2.9").status == 401


def test_what_goes_wrong_within_is_not_told(inner: Inner, caplog: pytest.LogCaptureFixture) -> None:
    closed = gate(inner)
    answer = ask(closed, "/broken")
    assert answer.status == 500
    assert b"42" not in answer.body and b"RuntimeError" not in answer.body
    assert b'splatavatar_failures_total{kind="request"} 1.0' in closed._metrics.text()
    assert "42" not in caplog.text


def test_a_websocket_goes_through(inner: Inner) -> None:
    assert ask(gate(inner), kind="websocket").sent == [{"type": "websocket.accept"}]

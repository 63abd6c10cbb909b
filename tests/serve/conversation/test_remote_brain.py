"""Against a server of HTTP on this machine."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from splatavatar.errors import SettingsError
from splatavatar.serve.conversation.brain import BrainError
from splatavatar.serve.conversation.remote_brain import LONGEST_ANSWER, REMEMBERED, RemoteBrain
from support.slow_server import LONG, SlowServer, slow_server


@contextmanager
def server(answer: bytes, status: int = 200) -> Iterator[tuple[str, list[tuple[str, str | None, Any]]]]:
    """Its address, and what it was asked: path, authorization, body."""
    asked: list[tuple[str, str | None, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, self.headers["authorization"], json.loads(body)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}/v1", asked
    finally:
        httpd.shutdown()
        httpd.server_close()


def event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


END = b"data: [DONE]\n\n"


def answered(brain: RemoteBrain, *said: str) -> list[str]:
    async def run() -> list[str]:
        out = []
        for text in said:
            pieces = [piece async for piece in brain.answer(text)]
            out.append("".join(pieces))
        return out

    return asyncio.run(run())


def test_the_answer_is_streamed_and_the_conversation_is_sent_along() -> None:
    empty = b'data: {"choices": []}\n\n: a comment\n\n'
    with server(event("Hel") + empty + event("lo.") + END + event("never")) as (url, asked):
        assert answered(RemoteBrain(url, "small", "secret", "Be short."), "hi", "again") == ["Hello.", "Hello."]
    (path, key, first), (_, _, second) = asked
    assert (path, key) == ("/v1/chat/completions", "Bearer secret")
    assert (first["model"], first["stream"]) == ("small", True)
    assert first["messages"] == [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}]
    assert [message["content"] for message in second["messages"]] == ["Be short.", "hi", "Hello.", "again"]


def test_what_nobody_heard_of_an_answer_is_not_sent_along() -> None:
    async def run(brain: RemoteBrain) -> None:
        for heard in ("One.", ""):
            pieces = brain.answer("hi")
            await anext(pieces)
            brain.cut(heard)
            with pytest.raises(StopAsyncIteration):
                while True:
                    await anext(pieces)
        assert [piece async for piece in brain.answer("again")] == ["One. ", "Two."]
        brain.cut("One.")  # the voice was behind
        assert [piece async for piece in brain.answer("more")] == ["One. ", "Two."]

    with server(event("One. ") + event("Two.") + END) as (url, asked):
        brain = RemoteBrain(url, "small", prompt="Be short.")
        brain.cut("nothing")  # before any answer
        asyncio.run(run(brain))
    contents = [[message["content"] for message in body["messages"]] for _, _, body in asked]
    assert contents[1] == ["Be short.", "hi", "One.", "hi"]
    assert contents[2] == ["Be short.", "hi", "One.", "hi\nagain"]
    assert contents[3] == ["Be short.", "hi", "One.", "hi\nagain", "One.", "more"]


def test_user_and_assistant_take_turns_whatever_was_cut_off_and_forgotten() -> None:
    async def run(brain: RemoteBrain) -> None:
        for number in range(2 * REMEMBERED):
            async for _ in brain.answer(str(number)):
                pass
            if number % 3 == 1:
                brain.cut("")

    with server(event("Yes.") + END) as (url, asked):
        asyncio.run(run(RemoteBrain(url, "small")))
    for _, _, body in asked:
        roles = [message["role"] for message in body["messages"][1:]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
        assert len(roles) <= REMEMBERED
    assert asked[-1][2]["messages"][-1]["content"] == str(2 * REMEMBERED - 1)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (b"no", 401, "the brain refuses: 401 Unauthorized"),
        (b"data: {]\n", 200, "answers what is no chat completion"),
        (b'data: {"choices": [7]}\n', 200, "answers what is no chat completion"),
        (b"data: " + b"[" * 100_000 + b"\n", 200, "answers what is no chat completion"),
    ],
)
def test_what_is_no_answer_is_told_without_the_key(answer: bytes, status: int, said: str) -> None:
    with server(answer, status) as (url, _), pytest.raises(BrainError, match=said) as raised:
        answered(RemoteBrain(url, "small", "secret"), "hi")
    assert "secret" not in str(raised.value)


def test_an_answer_without_end_is_cut() -> None:
    with server(event("word " * 1000) * 50) as (url, _):
        assert len(answered(RemoteBrain(url, "small"), "hi")[0]) <= LONGEST_ANSWER


def test_nobody_there_is_told() -> None:
    with server(END) as (url, _):
        pass
    with pytest.raises(BrainError, match="the brain does not answer"):
        answered(RemoteBrain(url, "small"), "hi")


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "http://me:word@a/v1", "http://a/?x", "http://a:port", "a"])
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="no address of a brain"):
        RemoteBrain(url, "small")


def test_a_key_does_not_go_over_the_network_as_it_is() -> None:
    with pytest.raises(SettingsError, match=r"would go to brain\.example in the clear; use https"):
        RemoteBrain("http://brain.example/v1", "m", "secret")
    RemoteBrain("http://127.0.0.1:11434/v1", "m", "secret")
    RemoteBrain("https://brain.example/v1", "m", "secret")


def test_an_answer_that_is_cut_off_is_waited_for_by_nobody() -> None:
    async def run(slow: SlowServer) -> None:
        answer = RemoteBrain(slow.address, "m").answer("Hello.")
        assert await anext(answer) == "Well"
        await answer.aclose()
        for thread in threading.enumerate():
            if thread.name == "brain":
                thread.join(LONG / 2)
                assert not thread.is_alive()

    with slow_server(b'data: {"choices": [{"delta": {"content": "Well"}}]}\n') as slow:
        asyncio.run(run(slow))

"""Answers of a language model behind an address that speaks as OpenAI's does, streamed."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.serve.conversation.brain import BrainError
from splatavatar.serve.loopback import is_here
from splatavatar.serve.post import Post

PROMPT = "You talk to somebody by voice. Answer in one to three short sentences of plain text, without lists."
PATIENCE = 30.0
"""seconds without an answer, or more of it"""
REMEMBERED = 20
"""messages of the conversation that are sent along"""
LONGEST_LINE, LONGEST_ANSWER = 1 << 20, 20_000
"""bytes of a line of the stream, characters of an answer"""


class RemoteBrain:
    """Asks ``URL/chat/completions``. Of the conversation that model is sent the last words of both."""

    def __init__(self, url: str, model: str, key: str | None = None, prompt: str = PROMPT) -> None:
        """
        Args:
            url: such as ``http://127.0.0.1:11434/v1``.
            model: its name there.
            key: is sent as a bearer token.
            prompt: what the model is told first.

        Raises:
            SettingsError: an address that is none of HTTP, and where a key would go over the network as it is.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
            raise SettingsError(f"{printable(url)} is no address of a brain, expected http[s]://HOST[:PORT][/PATH].")
        if parts.scheme == "http" and key and not is_here(host):
            raise SettingsError(f"the key of the brain would go to {printable(host)} in the clear; use https.")
        self._host, self._port = host, port
        self._secure, self._path = parts.scheme == "https", parts.path.rstrip("/") + "/chat/completions"
        self._model, self._key, self._prompt = model, key, prompt
        self._exchanges: list[_Exchange] = []

    async def answer(self, said: str) -> AsyncGenerator[str, None]:
        """See ``Brain``. What was given of an answer is remembered, and no more of it than ``cut`` says."""
        exchange = _Exchange(said)
        self._exchanges = [*self._exchanges, exchange][-REMEMBERED:]
        asked = _Asked(self._post(), self._path, self._request(), self._key)
        try:
            async for piece in asked.pieces():
                if not exchange.cut:
                    exchange.answer += piece
                yield piece
        finally:
            asked.close()

    def cut(self, heard: str) -> None:
        """See ``Brain``."""
        for exchange in self._exchanges[-1:]:
            exchange.answer, exchange.cut = heard, True

    def _request(self) -> bytes:
        messages = [{"role": "system", "content": self._prompt}, *_messages(self._exchanges)]
        return json.dumps({"model": self._model, "messages": messages, "stream": True}).encode()

    def _post(self) -> Post:
        return Post(self._secure, self._host, self._port, PATIENCE)


@dataclass
class _Exchange:
    """What was said, and what was answered."""

    said: str
    answer: str = ""
    cut: bool = False
    """whether no more of the answer is remembered"""


def _messages(exchanges: Sequence[_Exchange]) -> list[dict[str, str]]:
    """The last of what was said, user and assistant by turns: templates of some models take nothing else.

    What was said before an answer that nobody heard goes into one message with what was said next.
    """
    messages: list[dict[str, str]] = []
    for exchange in exchanges:
        if messages and messages[-1]["role"] == "user":
            messages[-1]["content"] += "\n" + exchange.said
        else:
            messages.append({"role": "user", "content": exchange.said})
        if exchange.answer:
            messages.append({"role": "assistant", "content": exchange.answer})
    messages = messages[-REMEMBERED:]
    return messages[1:] if messages[0]["role"] == "assistant" else messages


class _Asked:
    """One request, which a thread makes."""

    def __init__(self, post: Post, path: str, body: bytes, key: str | None) -> None:
        self._post, self._path, self._body, self._key = post, path, body, key
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | BrainError | None] = asyncio.Queue()
        self._ended = False
        threading.Thread(target=self._run, name="brain", daemon=True).start()

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it comes. Raises BrainError."""
        while (piece := await self._queue.get()) is not None:
            if isinstance(piece, BrainError):
                raise piece
            yield piece

    def close(self) -> None:
        """Whatever comes is not wanted any more."""
        self._ended = True
        self._post.cut()

    def _run(self) -> None:
        try:
            self._ask()
            self._put(None)
        except BrainError as error:
            self._put(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._put(BrainError(f"the brain does not answer: {printable(error)}"))
        finally:
            self._post.close()

    def _ask(self) -> None:
        headers = {"content-type": "application/json", "accept": "text/event-stream"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        response = self._post.answer(self._path, self._body, headers)
        if response.status != 200:
            raise BrainError(f"the brain refuses: {response.status} {printable(response.reason)}")
        length = 0
        while not self._ended and (line := response.readline(LONGEST_LINE)):
            text = line.strip()
            if not text.startswith(b"data:"):
                continue
            data = text[5:].strip()
            if data == b"[DONE]":
                return
            piece = _piece(data)
            length += len(piece)
            if length > LONGEST_ANSWER:
                return
            if piece:
                self._put(piece)

    def _put(self, piece: str | BrainError | None) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._queue.put_nowait, piece)


def _piece(data: bytes) -> str:
    """The text that one event of the stream adds. Raises BrainError."""
    try:
        table: Any = json.loads(data)
        choices = table["choices"]
        content = choices[0]["delta"].get("content") if choices else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BrainError("the brain answers what is no chat completion, expected OpenAI's stream.") from None
    return content if isinstance(content, str) else ""

"""Voices of servers that speak OpenAI's interface of speech, on this machine or elsewhere."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.serve.loopback import is_here
from splatavatar.serve.post import Post
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.program import samples_of
from splatavatar.serve.voices.voice import VoiceError

RATE = 24000
"""Hz of samples that are answered with (response_format pcm)"""
KEY = "SPLATAVATAR_VOICE_KEY"
"""the variable of the environment that holds the key of the server"""
MODEL, VOICE = "tts-1", "alloy"
PATIENCE = 15.0
"""seconds in which the next piece has come"""
PIECE = 4800
"""bytes that are read at a time, a tenth of a second"""
MOST_AT_ONCE = 64
"""texts that are asked for at once: each has a thread that waits for the server"""
EXPECTED = "openai:URL#voice=NAME&model=NAME, such as openai:http://127.0.0.1:8880/v1#voice=alloy"


class OpenAiVoice:
    """A voice of a server; each text is one request, whose answer is said while it comes."""

    def __init__(self, secure: bool, host: str, port: int | None, path: str, model: str, voice: str) -> None:
        self._secure, self._host, self._port, self._path = secure, host, port, path
        self._model, self._voice = model, voice
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, "voice")

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """See ``Voice``."""
        async with aclosing(samples_of(self._bytes(text))) as sound:
            async for samples in sound:
                yield samples, RATE

    async def _bytes(self, text: str) -> AsyncGenerator[bytes, None]:
        loop, post = asyncio.get_running_loop(), Post(self._secure, self._host, self._port, PATIENCE)
        try:
            answer = await loop.run_in_executor(self._threads, self._answer, post, text)
            while piece := await loop.run_in_executor(self._threads, answer.read, PIECE):
                yield piece
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise VoiceError("The server of the voice does not answer as it should.") from error
        finally:
            post.cut()
            self._threads.submit(post.close)

    def _answer(self, post: Post, text: str) -> http.client.HTTPResponse:
        body = {"model": self._model, "voice": self._voice, "input": text, "response_format": "pcm"}
        headers = {"content-type": "application/json"}
        key = os.environ.get(KEY)
        if key:
            headers["authorization"] = f"Bearer {key}"
        answer = post.answer(self._path, json.dumps(body).encode(), headers)
        if answer.status != 200:
            raise VoiceError(f"The server of the voice refused the text with status {answer.status}.")
        return answer


def open_openai(address: str) -> OpenAiVoice:
    """The voice at an address: its scheme, host and path up to ``/audio/speech``, voice and model behind the ``#``.

    Raises SettingsError for what is none, and where a key would go over the network as it is.
    """
    shown = printable(address)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{shown} is no address of a voice, expected {EXPECTED}.") from None
    named = parse_qs(parts.fragment, keep_blank_values=True)
    wrong = set(named) - {"voice", "model"}
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or wrong:
        raise SettingsError(f"{shown} is no address of a voice, expected {EXPECTED}.")
    if parts.scheme == "http" and os.environ.get(KEY) and not is_here(parts.hostname):
        raise SettingsError(f"the key in {KEY} would go to {printable(parts.hostname)} in the clear; use https.")
    path = parts.path.rstrip("/").removesuffix("/audio/speech") + "/audio/speech"
    voice, model = (named.get(name, [usual])[0] for name, usual in (("voice", VOICE), ("model", MODEL)))
    return OpenAiVoice(parts.scheme == "https", parts.hostname, port, path, model, voice)

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.open import open_voice, open_voices
from splatavatar.serve.voices.openai import KEY
from splatavatar.serve.voices.program import output_of
from splatavatar.serve.voices.voice import Voice, VoiceError
from support.slow_server import LONG, SlowServer, slow_server


def said(voice: Voice, text: str = "Hello there.") -> tuple[Samples, int]:
    async def all_of_it() -> list[tuple[Samples, int]]:
        return [piece async for piece in voice.say(text)]

    pieces = asyncio.run(all_of_it())
    return np.concatenate([samples for samples, _ in pieces]), pieces[0][1]


@pytest.mark.skipif(
    not (shutil.which("espeak-ng") or importlib.util.find_spec("espeakng_loader")), reason="no espeak-ng"
)
def test_espeak_speaks_in_a_process_of_its_own() -> None:
    samples, rate = said(open_voice("espeak-ng"))
    assert rate == 22050
    assert 0.5 < len(samples) / rate < 2
    assert np.abs(samples.astype(int)).max() > 3000
    assert len(said(open_voice("espeak-ng"), "Hello there, and good evening to all of you.")[0]) > 2 * len(samples)
    with pytest.raises(VoiceError):
        said(open_voice("espeak-ng:xx-none"))


@contextmanager
def speech_server(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server of OpenAI's interface that answers with a ramp."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append((self.path, self.headers.get("authorization"), body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(np.arange(5000, dtype="<i2").tobytes())

        def log_message(self, *given: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_says_what_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    with speech_server() as (address, asked):
        samples, rate = said(open_voice(f"openai:{address}#voice=nova"))
    assert rate == 24000
    assert (samples == np.arange(5000)).all()
    assert asked == [
        (
            "/v1/audio/speech",
            "Bearer secret",
            {"model": "tts-1", "voice": "nova", "input": "Hello there.", "response_format": "pcm"},
        )
    ]


def test_a_server_that_refuses_or_is_not_there() -> None:
    with speech_server(401) as (address, _), pytest.raises(VoiceError, match="refused the text with status 401"):
        said(open_voice(f"openai:{address}"))
    with pytest.raises(VoiceError, match="does not answer"):
        said(open_voice(f"openai:{address}"))


def test_piper_is_run_with_its_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "en.onnx"
    model.write_bytes(b"network")
    (tmp_path / "en.onnx.json").write_text('{"audio": {"sample_rate": 16000}}')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyError, match="pip install piper-tts"):
        open_voice(f"piper:{model}")
    # Stands in for the program: writes the letters of the text as samples.
    program = tmp_path / "piper"
    program.write_text(f'#!/bin/sh\n[ "$*" = "--model {model} --output-raw" ] && exec /bin/cat\n')
    program.chmod(0o755)
    samples, rate = said(open_voice(f"piper:{model}"), "one\ntwo")
    assert rate == 16000
    assert samples.tobytes() == b"one two\n"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("nobody", "nobody is no voice, expected espeak-ng"),
        ("espeak-ng:--stdin", "is no voice of espeak-ng"),
        ("piper:", "piper needs a voice of Piper"),
        ("piper:/nowhere.onnx", "no such file"),
        ("openai:ftp://host", "is no address of a voice"),
        ("openai:http://me:you@host/v1", "is no address of a voice"),
        ("openai:http://host:port/v1", "is no address of a voice"),
        ("openai:https://host/v1#colour=red", "is no address of a voice"),
    ],
)
def test_what_is_no_voice(what: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_voice(what)


def test_a_key_does_not_go_over_the_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    with pytest.raises(SettingsError, match="in the clear; use https"):
        open_voice("openai:http://voices.example/v1")


def test_voices_have_names() -> None:
    voices = open_voices(["anna=openai:http://127.0.0.1:1/v1", "openai:http://127.0.0.1:2/v1"])
    assert list(voices) == ["anna", "openai"]
    with pytest.raises(SettingsError, match="two voices are called openai"):
        open_voices(["openai:http://127.0.0.1:1/v1"] * 2)


def test_a_program_that_is_ended_amid_a_text_has_ended() -> None:
    """It has said more than anybody has read."""
    endless = [sys.executable, "-c", "import sys\nwhile True: sys.stdout.buffer.write(bytes(65536))"]

    async def run() -> None:
        async with aclosing(output_of(endless, "Hello.")) as pieces:
            assert await anext(pieces)
            await asyncio.sleep(0.3)

    async def in_time() -> None:
        await asyncio.wait_for(run(), LONG)

    asyncio.run(in_time())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_server_that_is_waited_for_holds_nothing_up_when_its_text_is_cut_off(chunked: bool) -> None:
    async def run(slow: SlowServer) -> None:
        voice = open_voice(f"openai:{slow.address}")
        sound = voice.say("Hello.")
        samples, _ = await anext(sound)
        assert len(samples) == 2400
        more = asyncio.ensure_future(anext(sound))
        await asyncio.sleep(0.05)
        at_last = threading.Timer(LONG / 6, slow.go_on.set)
        at_last.start()
        more.cancel()
        with pytest.raises(asyncio.CancelledError):
            await more
        assert not slow.go_on.is_set()
        at_last.cancel()

    with slow_server(bytes(4800), chunked) as slow:
        asyncio.run(run(slow))

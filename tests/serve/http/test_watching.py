"""Sessions as they are watched: sound and pictures, or sound and faces, in step and without what was interrupted."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
import wave
from collections.abc import AsyncGenerator, Iterator
from statistics import median
from typing import Any

import numpy as np
import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.voice import VoiceError
from support.service import RATE, Running, Watcher, avatar_folder, running, silence, tone, watching

CLICKS = np.concatenate([silence(0.2), *[tone(0.1), silence(0.3)] * 3])
PCM = f"audio/pcm;rate={RATE}"


class Beep:
    """Says every text as a tone of a tenth of a second, and fails in the middle of long ones."""

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        if text == "fail":
            raise VoiceError("The voice is gone.")
        yield tone(0.1), RATE
        if len(text) > 20:
            raise VoiceError("The voice has lost its breath.")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = avatar_folder(tmp_path_factory.mktemp("service") / "avatars")
    with running(folder, voices={"beep": Beep()}) as at:
        yield at


def wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


async def post(at: Running, session: dict[str, Any], path: str, body: Any, kind: str = "application/json") -> Any:
    status, answer = await asyncio.to_thread(
        at.ask, "POST", f"/v1/sessions/{session['id']}/{path}?token={session['token']}", body, kind
    )
    assert status in (200, 202), answer
    return answer


async def watched(at: Running, mode: str) -> Watcher:
    """Three clicks, then a tone that is interrupted after a while."""
    session = await asyncio.to_thread(at.opened, mode)
    async with watching(at, session) as watcher:
        assert await post(at, session, "speech", CLICKS.tobytes(), PCM) == {"segment": 0, "seconds": 1.4}
        await watcher.told("finished", 0)
        while len(watcher.reports) < (2 if mode == "video" else 1):
            await asyncio.sleep(0.02)
        await post(at, session, "speech", tone(5).tobytes(), PCM)
        await watcher.told("started", 1)
        await asyncio.sleep(0.4)
        assert await post(at, session, "interrupt", b"") == {"segments": [1]}
        await watcher.told("interrupted", 1)
        await post(at, session, "speech", tone(0.1).tobytes(), PCM)
        await watcher.told("finished", 2)
        await asyncio.sleep(0.3)
    at.ask("DELETE", f"/v1/sessions/{session['id']}")
    return watcher


@pytest.fixture(scope="module")
def seen(service: Running) -> dict[str, Watcher]:
    async def both() -> list[Watcher]:
        tasks = [asyncio.ensure_future(watched(service, mode)) for mode in ("video", "client")]
        await asyncio.wait(tasks)
        return [task.result() for task in tasks]

    video, client = asyncio.run(both())
    return {"video": video, "client": client}


def test_pictures_move_with_their_sound(seen: dict[str, Watcher]) -> None:
    watcher = seen["video"]
    heard, opened = watcher.loud()[0][:3], watcher.opened()[:3]
    assert len(heard) == len(opened) == 3
    assert abs(median(a - b for a, b in zip(heard, opened, strict=True))) <= 0.045
    assert watcher.pictures[0][1].shape == (64, 64, 3)
    assert not watcher.faces


def test_faces_carry_the_time_of_the_sound_that_is_sent(seen: dict[str, Watcher]) -> None:
    watcher = seen["client"]
    begins = [time for (time, jaw), (_, before) in zip(watcher.faces[1:], watcher.faces, strict=False) if jaw > before]
    started = next(event for event in watcher.events if event["type"] == "started")
    clicks = [started["time"] + 0.2 + 0.4 * n for n in range(3)]
    assert len(begins) >= 3
    for begin, click in zip(begins, clicks, strict=False):
        assert abs(begin - click) <= 0.045
    assert not watcher.pictures


@pytest.mark.parametrize("mode", ["video", "client"])
def test_nothing_is_heard_of_what_was_interrupted(mode: str, seen: dict[str, Watcher]) -> None:
    watcher = seen[mode]
    said = next(event for event in watcher.events if event["type"] == "interrupted")["position"]
    assert 0.2 < said < 4
    # Clicks and the last tone, 0.1 s each; a packet more, and the windows that sound is looked at in.
    assert watcher.loud()[1] - 4 * 0.1 <= said + 0.02 + 0.03


@pytest.mark.parametrize("mode", ["video", "client"])
def test_events_tell_each_segment_with_its_position(mode: str, seen: dict[str, Watcher]) -> None:
    events = [(event["type"], event.get("segment")) for event in seen[mode].events if event["type"] != "ended"]
    assert events == [
        ("connected", None),
        ("started", 0),
        ("finished", 0),
        ("started", 1),
        ("interrupted", 1),
        ("started", 2),
        ("finished", 2),
    ]
    finished = [event for event in seen[mode].events if event["type"] == "finished"]
    assert [event["position"] for event in finished] == [1.4, 0.1]


def test_speech_comes_in_by_every_way(service: Running) -> None:
    """A file, texts, a WebSocket and the channel of events; the stream of events tells the same."""
    from websockets.sync.client import connect

    session = service.opened()
    path = f"/v1/sessions/{session['id']}"

    def by_socket() -> None:
        with connect(f"ws://127.0.0.1:{service.port}{path}/speech?token={session['token']}") as socket:
            socket.send('{"type": "format", "rate": 16000, "channels": 2}')
            socket.send(np.repeat(tone(0.1, 16000), 2).tobytes())
            socket.send('{"type": "end"}')
            socket.send('{"type": "nonsense"}')
            assert json.loads(socket.recv(10))["error"].startswith("a message of an unknown type")

    async def everything() -> Watcher:
        async with watching(service, session) as watcher:
            assert await post(service, session, "speech", wav(tone(0.2)), "audio/wav") == {"segment": 0, "seconds": 0.2}
            assert await post(service, session, "say", {"text": "Hello"}) == {"segment": 1, "seconds": None}
            await asyncio.to_thread(by_socket)
            watcher.channel.send(tone(0.05).tobytes())
            watcher.channel.send('{"type": "end"}')
            await watcher.told("finished", 3)
            await post(service, session, "say", {"text": "What is longer than it has breath."})
            await watcher.told("failed")
            watcher.channel.send("nonsense")
            while len([event for event in watcher.events if event["type"] == "failed"]) < 2:
                await asyncio.sleep(0.01)
        return watcher

    watcher = asyncio.run(everything())
    finished = [event["position"] for event in watcher.events if event["type"] == "finished"]
    assert finished[:4] == [0.2, 0.1, 0.1, 0.05]
    failed = [event for event in watcher.events if event["type"] == "failed"]
    assert failed[0] == {"type": "failed", "segment": 4, "error": "The voice has lost its breath."}
    assert failed[1]["error"].startswith("a message that is no JSON")
    status, answer = service.ask("POST", f"{path}/say", {"text": "fail"})
    assert (status, answer) == (502, {"error": "The voice is gone."})
    assert service.ask("DELETE", path)[0] == 204
    assert service.ask("GET", path)[0] == 404


def test_a_text_that_fails_leaves_its_websocket_open(service: Running) -> None:
    from websockets.sync.client import connect

    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    with connect(f"ws://127.0.0.1:{service.port}{path}/speech?token={session['token']}") as socket:
        socket.send('{"type": "say", "text": "fail"}')
        assert json.loads(socket.recv(10)) == {"type": "failed", "error": "The voice is gone."}
        socket.send('{"type": "say", "text": "Hello"}')
        socket.send('{"type": "nonsense"}')
        assert json.loads(socket.recv(10))["error"].startswith("a message of an unknown type")
    assert service.ask("GET", path)[1]["waiting"] == 0.1
    service.ask("DELETE", path)


def test_a_text_that_waits_for_its_turn_is_interrupted_too(service: Running) -> None:
    from websockets.sync.client import connect

    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(service.ask("POST", f"{path}/say?token={session['token']}", {"text": "Hello"}))
    )
    with connect(f"ws://127.0.0.1:{service.port}{path}/speech?token={session['token']}") as socket:
        socket.send(tone(0.1).tobytes())
        here = service.registry.all()[-1]
        while here.mouth.waiting < 1:
            time.sleep(0.01)
        waiting.start()
        while here.mouth.waiting < 2:
            time.sleep(0.01)
        assert service.ask("POST", f"{path}/interrupt", b"") == (200, {"segments": [0]})
        socket.send('{"type": "end"}')
        waiting.join(20)
    assert answers == [(409, {"error": "It was interrupted before it was said."})]
    assert service.ask("GET", path)[1]["waiting"] == 0
    service.ask("DELETE", path)


def test_segments_that_were_sent_ahead_are_interrupted_too(service: Running) -> None:
    """Also those that the service had not begun to take, and what comes of the last of them afterwards."""
    from websockets.sync.client import connect

    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    with connect(f"ws://127.0.0.1:{service.port}{path}/speech?token={session['token']}") as socket:
        for _ in range(40):
            socket.send(tone(1).tobytes())
            socket.send('{"type": "end"}')
        socket.send(tone(0.1).tobytes())
        while service.ask("GET", path)[1]["waiting"] < 30:
            time.sleep(0.01)
        interrupted = service.ask("POST", f"{path}/interrupt", b"")[1]["segments"]
        assert interrupted[0] == 0 and len(interrupted) >= 30
        socket.send(tone(0.1).tobytes())
        socket.send('{"type": "end"}')
        socket.send(tone(0.2).tobytes())
        socket.send('{"type": "nonsense"}')
        assert "unknown type" in json.loads(socket.recv(10))["error"]
        assert service.ask("GET", path)[1]["waiting"] == pytest.approx(0.2, abs=0.005)
    service.ask("DELETE", path)


def test_what_is_sent_before_anybody_watches_waits_and_events_are_streamed(service: Running) -> None:
    import http.client

    session = service.opened("client")
    path = f"/v1/sessions/{session['id']}"
    line = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    line.request("GET", f"{path}/events?token={session['token']}")
    stream = line.getresponse()
    assert stream.getheader("content-type") == "text/event-stream; charset=utf-8"
    assert stream.readline() == b": events\n"
    assert service.ask("POST", f"{path}/speech", tone(0.2).tobytes(), PCM)[0] == 202
    assert service.ask("GET", path)[1]["waiting"] == 0.2
    assert service.ask("POST", f"{path}/interrupt", b"") == (200, {"segments": [0]})
    stream.readline()
    assert stream.readline() == b"event: interrupted\n"
    assert json.loads(stream.readline().removeprefix(b"data: ")) == {
        "type": "interrupted",
        "segment": 0,
        "position": 0.0,
    }
    assert service.ask("DELETE", path)[0] == 204
    assert b'data: {"type": "ended", "reason": "deleted"}' in stream.read()
    line.close()

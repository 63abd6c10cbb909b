"""Nonsense that comes in: it is refused in words, ends its own connection at most, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from serve_soak import faults, soak
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from splatavatar.serve.http.keys import ApiKeys, add_key
from splatavatar.serve.http.speech_paths import GOING_AWAY, MOST_LINES
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.webrtc.sound import SoundPackets, samples_of
from support.open_sockets import open_sockets
from support.service import LoudMouth, Running, avatar_folder, running, tone
from support.still_life import StillLife

SECTION = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
CANDIDATE = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
PCM = "audio/pcm;rate=24000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return avatar_folder(tmp_path_factory.mktemp("hostile") / "avatars")


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[Running]:
    with running(folder) as at:
        yield at


@pytest.fixture
def session(here: Running) -> Iterator[dict[str, Any]]:
    made = here.opened("client")
    yield made
    here.ask("DELETE", f"/v1/sessions/{made['id']}")


@pytest.mark.parametrize(
    "sdp",
    [
        "x",
        SECTION,
        "v=0\r\n" + SECTION,
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + SECTION + "a=mid:0\r\na=rtpmap:111 opus/48000/2\r\n",
        "v=0\r\n" + SECTION * 50,
        "v=0\r\n" + SECTION + CANDIDATE * 1000,
        "v=0\r\n" + SECTION + "a=candidate:\r\n",
        "v=0\r\n" + SECTION + "a=" + "9" * 50_000,
        "v=0\r\n" + SECTION + "a=fingerprint:sha-256 00\r\na=ice-ufrag:\x00\r\n",
        "m=audio\r\n" * 3,
    ],
    ids=range(10),
)
def test_garbage_for_an_offer(sdp: str, here: Running, session: dict[str, Any]) -> None:
    status, answer = here.ask("POST", f"/v1/sessions/{session['id']}/offer", {"type": "offer", "sdp": sdp})
    assert status == 422
    assert "offer" in answer["error"]


@pytest.mark.parametrize(
    "message",
    [
        b"\x00",  # half a sample
        b"",
        "no json",
        "[" * 10_000,
        "5",
        json.dumps({"type": "format", "rate": 1}),
        json.dumps({"type": "format", "rate": 1e99}),
        json.dumps({"type": "format", "rate": True}),
        json.dumps({"type": "format", "channels": 900}),
        json.dumps({"type": "speech", "data": "!!"}),
        json.dumps({"type": "speech", "data": 5}),
        json.dumps({"type": "say", "text": "x" * 100_000}),
        json.dumps({"type": ["a"]}),
        json.dumps({"type": "\x1b[2J"}),
    ],
    ids=range(14),
)
def test_nonsense_over_a_websocket(message: bytes | str, here: Running, session: dict[str, Any]) -> None:
    address = f"ws://127.0.0.1:{here.port}/v1/sessions/{session['id']}/speech?token={session['token']}"
    with connect(address, proxy=None) as line:
        line.send(message)
        try:
            told = json.loads(line.recv(timeout=20))
            assert told["error"].isprintable()
        except ConnectionClosed as closed:
            assert "Traceback" not in str(closed)
    # The next one is served as if nothing had been.
    assert here.ask("POST", f"/v1/sessions/{session['id']}/speech", tone(0.1).tobytes(), PCM)[0] == 202


def test_wrong_keys_are_refused_ever_more_and_hold_up_no_right_one(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    _, shown = add_key(path, "shop", ["sessions"])
    with running(folder, ApiKeys.read(path)) as at:
        wrong = {"authorization": f"Bearer {shown[:-2]}AA"}
        found = [at.ask("GET", "/v1/sessions", **wrong)[0] for _ in range(40)]
        assert found[0] == 401 and found[-1] == 429
        assert at.ask("GET", "/v1/sessions", authorization=f"Bearer {shown}")[0] == 200


def test_wrong_tokens_hold_up_no_right_one_and_no_program_here(here: Running, session: dict[str, Any]) -> None:
    """They come from one address: of a household, a balancer, or by a page that this machine's browser shows."""
    path = f"/v1/sessions/{session['id']}"
    found = [here.ask("GET", f"{path}?token=wrong{number}")[0] for number in range(40)]
    assert found[0] == 403 and found[-1] == 429
    assert here.ask("GET", f"{path}?token={session['token']}")[0] == 200
    assert here.ask("GET", "/v1/avatars")[0] == 200


def test_so_many_websockets_speak_to_a_session(here: Running, session: dict[str, Any]) -> None:
    address = f"ws://127.0.0.1:{here.port}/v1/sessions/{session['id']}/speech?token={session['token']}"
    with ExitStack() as lines:
        for _ in range(MOST_LINES):
            lines.enter_context(connect(address, proxy=None))
        with pytest.raises(InvalidStatus) as refused:
            connect(address, proxy=None)
        assert refused.value.response.status_code == 429
    until = time.monotonic() + 20
    while here.registry.all()[-1].lines and time.monotonic() < until:
        time.sleep(0.01)
    with connect(address, proxy=None):
        pass


def test_what_was_sent_before_a_line_is_closed_is_said(here: Running, session: dict[str, Any]) -> None:
    address = f"ws://127.0.0.1:{here.port}/v1/sessions/{session['id']}/speech?token={session['token']}"
    with connect(address, proxy=None) as line:
        for _ in range(400):
            line.send(tone(0.05).tobytes())
    face = here.registry.all()[-1].face
    until = time.monotonic() + 20
    while face.waiting < 19.99 and time.monotonic() < until:
        time.sleep(0.01)
    assert face.waiting == pytest.approx(20, abs=0.001)


def test_a_session_that_nobody_watches_ends_with_all_that_waits_to_be_said(folder: Path) -> None:
    with running(folder, unconnected=0.5) as at:
        made = at.opened()
        address = f"ws://127.0.0.1:{at.port}/v1/sessions/{made['id']}/speech?token={made['token']}"
        with connect(address, proxy=None) as line:
            for _ in range(40):
                line.send(tone(1).tobytes())
            with pytest.raises(ConnectionClosed) as closed:
                line.recv(timeout=20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == GOING_AWAY
        assert at.registry.all() == [] and at.registry.admission.load == 0


def test_nothing_is_left_of_sessions(folder: Path) -> None:
    """No thread, socket, task or session, of fifty of which half are dropped amid a request."""
    with running(folder, unconnected=0.5) as at:
        at.ask("DELETE", f"/v1/sessions/{at.opened()['id']}")
        before = threads(), open_sockets()
        for number in range(50):
            made = at.opened("video" if number % 2 else "client")
            path = f"/v1/sessions/{made['id']}"
            if number % 4 < 2:
                address = f"ws://127.0.0.1:{at.port}{path}/speech?token={made['token']}"
                with connect(address, proxy=None) as line:
                    line.send(bytes(9600))
                    if number % 4:
                        line.socket.close()
            if number % 2 == 0:
                assert at.ask("DELETE", path)[0] == 204
            while len(at.registry.all()) > 5:
                time.sleep(0.05)
        until = time.monotonic() + 20
        while at.registry.all() and time.monotonic() < until:
            time.sleep(0.05)
        assert at.registry.all() == []
        assert at.registry.admission.load == 0
        while (threads(), open_sockets()) > before and time.monotonic() < until:
            time.sleep(0.05)
        assert threads() <= before[0] + 6  # those that wait for work, of which there are so many at most
        assert open_sockets() <= before[1]


def threads() -> int:
    return threading.active_count()


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="the system does not list threads")
def test_a_session_that_spoke_leaves_no_thread_of_a_library() -> None:
    """PyAV has threads of its own for whatever resamples or encodes, until that is gone."""
    face = SpeakingFace(LoudMouth, life=StillLife())
    packets = SoundPackets()
    before = len(os.listdir("/proc/self/task"))
    face.push(tone(0.5), 24000)
    face.hear(tone(0.5, 44100), 44100)
    for moment in range(10):
        packets.push(face.next().sound, samples_of(moment, 25))
    assert len(os.listdir("/proc/self/task")) > before
    face.close()
    packets.close()
    assert len(os.listdir("/proc/self/task")) <= before


@pytest.mark.slow
def test_two_hundred_sessions_of_a_service_of_its_own() -> None:
    states, done = soak(200)
    assert done.opened == 200
    assert faults(states) == []

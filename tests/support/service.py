"""The service of talking avatars in this process, and a person who watches one of its sessions by WebRTC."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.avatar.file import save_avatar
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.app import create_service_app
from splatavatar.serve.http.keys import ApiKeys
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.http.service import Service
from splatavatar.serve.http.serving import LONGEST_TEXT
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.voice import Voice
from splatavatar.viewer import server
from splatavatar.viewer.protocol import decode
from splatavatar.viewer.site import SiteFile
from support.consents import consenting
from support.small_avatar import small_avatar

RATE = 24000
"""Hz of what is said"""
LOUD = 3000
"""of a sample that is no silence"""
SITE = {"agent.html": SiteFile("text/html", b"<!doctype html>the page", b"", False)}


class LoudMouth:
    """A model of speech that opens the jaw where the sound is loud, without any delay."""

    look_ahead = 0.02

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """See ``LipModel``."""
        self._samples = np.zeros(0, np.int16)
        self._outputs = 0

    def push(self, samples: NDArray[np.generic]) -> tuple[NDArray[np.float64], Floats]:
        """See ``LipModel``."""
        self._samples = np.concatenate([self._samples, samples])
        times, rows = [], []
        while (end := round((self._outputs + 0.5) / 60 * 16000)) <= len(self._samples):
            heard = self._samples[max(0, end - 267) : end].astype(int)
            row = np.zeros(len(NAMES), np.float32)
            row[INDEX["jawOpen"]] = float(np.abs(heard).max(initial=0) > LOUD)
            times.append(self._outputs / 60)
            rows.append(row)
            self._outputs += 1
        return np.array(times, np.float64), np.array(rows, np.float32).reshape(-1, len(NAMES))


def tone(seconds: float, rate: int = RATE, hertz: float = 400) -> Samples:
    """A loud tone."""
    return np.asarray(16000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate), np.int16)


def silence(seconds: float) -> Samples:
    """The rest."""
    return np.zeros(round(seconds * RATE), np.int16)


def avatar_folder(folder: Path) -> Path:
    """A folder with ``ann``, whom everybody may see, and ``ben``, whom nobody may."""
    folder.mkdir()
    save_avatar(folder / "ann.splatavatar", consenting(small_avatar()))
    save_avatar(folder / "ben.splatavatar", small_avatar())
    return folder


@dataclass
class Running:
    """A service that answers."""

    port: int
    registry: Registry
    header: str | None = None
    """of programs: ``Authorization``"""

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **headers: str
    ) -> tuple[int, Any]:
        """The status, and the JSON (or the text) of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"content-type": kind} if content is not None else {}
        if self.header is not None and "token=" not in path:
            given["authorization"] = self.header
        try:
            connection.request(method, path, content, given | {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        is_json = (answer.getheader("content-type") or "").startswith("application/json")
        return answer.status, json.loads(text) if is_json and text else text.decode(errors="replace")

    def opened(self, mode: str = "client", **wanted: Any) -> dict[str, Any]:
        """A new session."""
        asked = {"avatar": "ann", "mode": mode, "width": 64, "height": 64, "behaviour": 0} | wanted
        status, made = self.ask("POST", "/v1/sessions", asked)
        assert status == 201, made
        return dict(made)


@contextmanager
def running(
    folder: Path,
    keys: ApiKeys | None = None,
    voices: dict[str, Voice] | None = None,
    admission: Admission | None = None,
    site: Mapping[str, SiteFile] = SITE,
    **more: Any,
) -> Iterator[Running]:
    """A service for the avatars in ``folder``; ``more`` is for its ``Registry``."""
    admission = admission or Admission(8, 20, memory=lambda: None)
    registry = Registry(
        Library.of(str(folder), False, "cpu", True, None), admission, Metrics(), model=LoudMouth, **more
    )
    app = create_service_app(Service(registry, keys, voices or {}), site)
    with server.listen(0) as listening, server.serving(app, listening, most_heard=LONGEST_TEXT):
        yield Running(listening.getsockname()[1], registry)


@dataclass
class Watcher:
    """What came to one who watches, with the times of the sender's clock, seconds, as browsers find them."""

    events: list[dict[str, Any]] = field(default_factory=list)
    faces: list[tuple[float, float]] = field(default_factory=list)
    """time of the stream, and how far the jaw is open"""
    sounds: list[tuple[int, NDArray[np.int16]]] = field(default_factory=list)
    pictures: list[tuple[int, NDArray[np.uint8]]] = field(default_factory=list)
    reports: dict[str, tuple[float, int]] = field(default_factory=dict)
    """by kind: a time, seconds, and the timestamp that goes with it"""
    origins: dict[str, int] = field(default_factory=dict)
    """by kind: the first timestamp, from which aiortc counts"""
    channel: Any = None

    async def told(self, kind: str, segment: int | None = None) -> dict[str, Any]:
        """The first event of that kind, waited for."""
        for _ in range(1000):
            for event in self.events:
                if event["type"] == kind and segment in (None, event.get("segment")):
                    return event
            await asyncio.sleep(0.01)
        raise AssertionError(f"no event {kind} {segment} among {self.events}")

    def loud(self) -> tuple[list[float], float]:
        """When loud stretches of what was heard began, and the seconds of all that is loud."""
        begins: list[float] = []
        quiet, total = 1.0, 0
        for timestamp, samples in self.sounds:
            # In windows of 5 ms: a tone is loud throughout.
            for n, window in enumerate(np.abs(samples.astype(int)).reshape(-1, 240).max(1)):
                if window > LOUD:
                    if quiet > 0.1:
                        begins.append(self._time("audio", timestamp + 240 * n, 48000))
                    quiet, total = 0.0, total + 240
                else:
                    quiet += 0.005
        return begins, total / 48000

    def opened(self) -> list[float]:
        """When the mouth opened in pictures: they differ from the first."""
        rest, begins, was_open = self.pictures[0][1].astype(int), [], False
        for timestamp, picture in self.pictures:
            is_open = float(np.abs(picture - rest).mean()) > 2
            if is_open and not was_open:
                begins.append(self._time("video", timestamp, 90000))
            was_open = is_open
        return begins

    def _time(self, kind: str, timestamp: int, rate: int) -> float:
        time, of = self.reports[kind]
        return time + ((self.origins[kind] + timestamp - of + (1 << 31)) % (1 << 32) - (1 << 31)) / rate


@asynccontextmanager
async def watching(at: Running, session: dict[str, Any]) -> AsyncGenerator[Watcher, None]:
    """One who watches a session, by its token, with what came to them so far."""
    import aiortc

    watcher = Watcher()
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    faces = connection.createDataChannel("face", negotiated=True, id=0, ordered=False, maxRetransmits=0)
    watcher.channel = connection.createDataChannel("events", negotiated=True, id=1)
    watcher.channel.on("message", lambda text: watcher.events.append(json.loads(text)))

    def face(message: bytes) -> None:
        signal, _ = decode(message)
        watcher.faces.append((signal.time, float(signal.arkit[INDEX["jawOpen"]])))

    faces.on("message", face)
    tasks = []

    @connection.on("track")
    def tracked(track: Any) -> None:
        async def pull() -> None:
            while True:
                frame = await track.recv()
                if track.kind == "audio":
                    # aiortc makes two channels of one.
                    watcher.sounds.append((frame.pts, frame.to_ndarray().reshape(-1)[::2].astype(np.int16)))
                else:
                    watcher.pictures.append((frame.pts, frame.to_ndarray(format="rgb24")))

        tasks.append(asyncio.ensure_future(pull()))

    connection.addTransceiver("audio", direction="recvonly")
    if session["mode"] == "video":
        connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    for receiver in connection.getReceivers():
        _watch_times(receiver, watcher)
    path = f"{session['offer_url']}?token={session['token']}"
    offer = {"type": "offer", "sdp": connection.localDescription.sdp}
    status, answer = await asyncio.to_thread(at.ask, "POST", path, offer)
    assert status == 200, answer
    await connection.setRemoteDescription(aiortc.RTCSessionDescription(answer["sdp"], "answer"))
    await watcher.told("connected")
    try:
        yield watcher
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await connection.close()


def _watch_times(receiver: Any, watcher: Watcher) -> None:
    report, packet = receiver._handle_rtcp_packet, receiver._handle_rtp_packet

    async def reported(given: Any) -> None:
        told = getattr(given, "sender_info", None)
        if told is not None and told.packet_count:
            watcher.reports[receiver.track.kind] = (told.ntp_timestamp / (1 << 32), told.rtp_timestamp)
        await report(given)

    async def received(given: Any, *more: Any, **named: Any) -> None:
        watcher.origins.setdefault(receiver.track.kind, given.timestamp)
        await packet(given, *more, **named)

    receiver._handle_rtcp_packet, receiver._handle_rtp_packet = reported, received

"""A service of its own, and watchers that cost little: what ``serve_load.py`` and ``serve_soak.py`` share."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from splatavatar.viewer.protocol import decode

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A service that runs in a process of its own."""

    address: str
    pid: int

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has taken, in all its threads."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICK

    @property
    def memory(self) -> int:
        """Bytes that it has, of which nothing is shared with others but code."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def open(self, kind: str) -> int:
        """How many of its open files are of a kind: what their names begin with, such as ``socket:``."""
        folder = Path(f"/proc/{self.pid}/fd")
        found = 0
        for name in os.listdir(folder):
            try:
                found += os.readlink(folder / name).startswith(kind)
            except OSError:  # closed meanwhile
                continue
        return found

    def ask(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON of an answer; None for an empty one."""
        at = urlsplit(self.address)
        line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        try:
            line.request(method, path, content, {} if content is None else {"content-type": kind})
            answer = line.getresponse()
            text = answer.read()
        finally:
            line.close()
        return answer.status, json.loads(text) if text and text[:1] in b"{[" else None


@contextmanager
def service(*options: str, temporary: str | None = None) -> Iterator[Service]:
    """``splatavatar serve`` on a port of its own, until the block ends.

    ``options``: what else it is told; ``temporary``: where its temporary files go.
    """
    environment = os.environ | ({} if temporary is None else {"TMPDIR": temporary})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "splatavatar", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    try:
        assert process.stdout is not None
        found = None
        for line in process.stdout:
            found = re.search(r"http://[\w.:]+", line)
            if found:
                break
        if found is None:
            raise SystemExit(f"{' '.join(command)} ended with {process.wait()}")
        yield Service(found[0], process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def speech(seconds: float) -> bytes:
    """A WAV of syllables, 24 kHz: noise of the bands of a voice, four times a second loud and still."""
    rate = 24000
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 120 * n * t) / n for n in range(1, 12))
    samples = tone * np.clip(np.sin(2 * np.pi * 2 * t), 0, 1) * 6000
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype(np.int16).tobytes())
    return file.getvalue()


@dataclass
class Watcher:
    """Who watches one session: takes pictures or faces as they come, and only counts them."""

    mode: str
    times: list[tuple[float, float]] = field(default_factory=list)
    """of each picture, or face, when it was due on the clock of the stream, and when it came, seconds"""
    sounds: int = 0
    """packets"""
    connection: Any = None

    async def connect(self, service: Service, session: dict[str, Any]) -> None:
        """Offer a connection to a session, and wait until it is there. Raises RuntimeError where it is refused."""
        import aiortc

        only_count()
        connection = self.connection = aiortc.RTCPeerConnection()
        connection.watcher = self
        connection.addTransceiver("audio", direction="recvonly")
        if self.mode == "video":
            connection.addTransceiver("video", direction="recvonly")
        faces = connection.createDataChannel("face", ordered=False, maxRetransmits=0, negotiated=True, id=0)
        connection.createDataChannel("events", negotiated=True, id=1)
        faces.on("message", self.face)
        connected = asyncio.Event()

        @connection.on("connectionstatechange")  # type: ignore[untyped-decorator]
        def changed() -> None:
            if connection.connectionState == "connected":
                connected.set()

        await connection.setLocalDescription(await connection.createOffer())
        for receiver in connection.getReceivers():
            receiver.watcher = self
        path = f"/v1/sessions/{session['id']}/offer?token={session['token']}"
        offer = {"type": "offer", "sdp": connection.localDescription.sdp}
        status, answer = await asyncio.to_thread(service.ask, "POST", path, offer)
        if status != 200:
            raise RuntimeError(f"the offer was answered with {status}: {answer}")
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(answer["sdp"], "answer"))
        await asyncio.wait_for(connected.wait(), 30)

    def face(self, message: bytes) -> None:
        """A face has come."""
        self.times.append((decode(message)[0].time, time.perf_counter()))

    def packet(self, timestamp: int, last: bool, kind: str) -> None:
        """A packet of sound or of a picture has come; ``last``: of a picture."""
        if kind == "audio":
            self.sounds += 1
        elif last:
            self.times.append((timestamp / 90_000, time.perf_counter()))

    async def close(self) -> None:
        """Hang up."""
        if self.connection is not None:
            await self.connection.close()


def only_count() -> None:
    """Have aiortc hand what comes to the watcher of its connection: nothing is decoded or answered."""
    from aiortc.rtcrtpreceiver import RTCRtpReceiver

    async def counted(receiver: Any, packet: Any, arrival_time_ms: int) -> None:
        if packet.payload:
            receiver.watcher.packet(packet.timestamp, bool(packet.marker), receiver.track.kind)

    RTCRtpReceiver._handle_rtp_packet = counted  # type: ignore[method-assign]

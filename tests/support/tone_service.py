"""A service of one session whose avatar opens its mouth while a tone sounds, exactly: what lips and sound are held to.

It answers a page as ``splatavatar serve`` does, with sound and faces of a given time each.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from splatavatar.drive.signal import FaceSignal
from splatavatar.serve.webrtc.sound import SoundPackets, samples_of
from splatavatar.serve.webrtc.tracks import sound_track
from splatavatar.viewer.answers import READING, add_site, bare_app
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room.opus import RATE
from splatavatar.viewer.server import listen, serving
from splatavatar.viewer.site import load_site

if TYPE_CHECKING:
    from fastapi import Request, Response

FPS = 25.0
HERTZ = 440.0
TOKEN = "a-token"
PAGE = "agent.html"


class ToneFace:
    """Tones at uneven times, and a jaw that is open as long as each: both on the clock of the stream."""

    def __init__(self, seed: int = 2, seconds: float = 600.0, first: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        steps = rng.uniform(0.6, 0.9, round(seconds / 0.6))
        self.changes = first + np.concatenate([[0.0], np.cumsum(steps)])
        """seconds: from each even one to the next it sounds"""

    def sounds(self, at: np.ndarray) -> np.ndarray:
        """Whether it sounds at the times ``at``."""
        return np.asarray(np.searchsorted(self.changes, at, side="right") % 2 == 1)

    def sound(self, moment: int) -> np.ndarray:
        """int16 (N) of a picture's time."""
        count = samples_of(moment, FPS)
        at = round(moment * RATE / FPS) / RATE + np.arange(count) / RATE
        tone = 12_000 * np.sin(2 * np.pi * HERTZ * at) * self.sounds(at)
        return np.asarray(tone, np.int16)

    def face(self, moment: int) -> FaceSignal:
        """The face of a picture's time: as open as the share of it that sounds."""
        return FaceSignal.neutral(jawOpen=float(self.sounds((moment + (np.arange(16) + 0.5) / 16) / FPS).mean()))


class ToneService:
    """What the requests of a page are answered with."""

    def __init__(
        self, avatar: bytes, face: ToneFace, mode: str = "client", jitter: float = 0.0, loss: float = 0.0
    ) -> None:
        """``jitter``: seconds that faces and sound are held back by at most; ``loss``: share of lost faces."""
        self.avatar, self.face, self.mode = avatar, face, mode
        self._jitter, self._loss, self._random = jitter, loss, np.random.default_rng(3)
        self.said: list[str] = []
        """what the page sent over its channel of events"""
        self.quiet = False
        """nothing is sent any more"""
        self._connections: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def answer(self, offer: dict[str, str]) -> dict[str, str]:
        """The answer to an offer, by the first of which the face begins."""
        import aiortc

        connection = aiortc.RTCPeerConnection()
        self._connections.append(connection)
        faces = connection.createDataChannel("face", ordered=False, maxRetransmits=0, negotiated=True, id=0)
        events = connection.createDataChannel("events", negotiated=True, id=1)
        events.on("message", lambda message: self.said.append(str(message)))
        track = sound_track()
        connection.addTrack(track)
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(offer["sdp"], offer["type"]))
        await connection.setLocalDescription(await connection.createAnswer())
        self._tasks.append(asyncio.ensure_future(self._play(connection, track, faces, events)))
        return {"type": connection.localDescription.type, "sdp": connection.localDescription.sdp}

    async def close(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        for connection in self._connections:
            await connection.close()

    def _hold(self, send: Callable[[Any], None], what: Any, not_before: float = 0.0) -> float:
        """Send as late as the line makes it, and not before a time; when."""
        loop = asyncio.get_running_loop()
        at = max(loop.time() + self._jitter * self._random.random(), not_before)
        loop.call_at(at, send, what)
        return at

    async def _play(self, connection: Any, track: Any, faces: Any, events: Any) -> None:
        while connection.connectionState != "connected" or faces.readyState != "open":
            await asyncio.sleep(0.01)
        packets, began, moment, last = SoundPackets(), time.monotonic(), 0, 0.0

        def send_face(message: bytes) -> None:
            if faces.readyState == "open":
                faces.send(message)

        while connection.connectionState == "connected":
            await asyncio.sleep(max(began + moment / FPS - time.monotonic(), 0))
            if not self.quiet:
                sound = self.face.sound(moment)
                before = moment and bool(self.face.face(moment - 1).arkit.any())
                if bool(sound.any()) != bool(before):
                    kind = "started" if sound.any() else "finished"
                    events.send(json.dumps({"type": kind, "segment": moment, "position": 0.0}))
                for packet in packets.push(sound, len(sound)):
                    last = self._hold(track.put, packet, last)
                if self._random.random() >= self._loss:
                    self._hold(send_face, encode(self.face.face(moment), moment, moment / FPS))
            moment += 1


@contextmanager
def tone_service(service: ToneService) -> Iterator[str]:
    """The address of a page that joins the session, while the block lasts."""
    from fastapi.responses import JSONResponse
    from fastapi.responses import Response as Plain

    app = bare_app()
    loop: list[asyncio.AbstractEventLoop] = []

    def allowed(request: Request) -> bool:
        return TOKEN in (request.query_params.get("token"), request.headers.get("authorization", "")[len("Bearer ") :])

    async def session(request: Request) -> Response:
        if not allowed(request):
            return Plain("no", 401)
        return JSONResponse({"id": "one", "mode": service.mode, "ice_servers": []})

    async def avatar(request: Request) -> Response:
        return Plain(service.avatar) if allowed(request) else Plain("no", 401)

    async def offer(request: Request) -> Response:
        loop[:] = [asyncio.get_running_loop()]
        return JSONResponse(await service.answer(await request.json())) if allowed(request) else Plain("no", 401)

    app.router.add_route("/v1/sessions/one", session, READING)
    app.router.add_route("/v1/sessions/one/avatar", avatar, READING)
    app.router.add_route("/v1/sessions/one/offer", offer, ("POST",))
    add_site(app, load_site(), PAGE)
    with listen(0) as listening, serving(app, listening):
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/{PAGE}#session=one&token={TOKEN}"
        finally:
            if loop:
                asyncio.run_coroutine_threadsafe(service.close(), loop[0]).result(10)

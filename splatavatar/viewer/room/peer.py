"""The direct connection of a Python member with one other person, by aiortc."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from splatavatar.array_types import Floats
from splatavatar.errors import SignalError
from splatavatar.extras import required
from splatavatar.viewer.protocol import SIZE
from splatavatar.viewer.room.messages import text
from splatavatar.viewer.room.opus import PACKET, RATE, integers, mono

BEHIND = 0.1
"""seconds by which sound comes later than faces: a packet of 20 ms is filled, and aiortc holds four"""
MOST_WAITING = 4 * SIZE
"""bytes that may wait to leave before a face is left out: the next one is newer"""
MOST_SOUND = 25
"""pieces of sound that wait; older ones are left out"""


class Peer:
    """One RTCPeerConnection; who has the lower id offers. All methods belong to one event loop.

    Raises DependencyError without aiortc.
    """

    def __init__(
        self,
        offers: bool,
        ice: Sequence[Mapping[str, Any]],
        introduce: Callable[[dict[str, Any]], None],
        face: Callable[[bytes], None],
        sound: Callable[[Floats], None],
    ) -> None:
        """``introduce`` is given what the other one has to know, ``face`` and ``sound`` what comes from them."""
        rtc = required("aiortc")
        # Its own loggers would print what strangers send.
        for name in ("aiortc", "aioice"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._rtc, self._introduce, self._sound = rtc, introduce, sound
        servers = [rtc.RTCIceServer(**server) for server in ice]
        self._connection = rtc.RTCPeerConnection(rtc.RTCConfiguration(iceServers=servers))
        self._channel = self._connection.createDataChannel(
            "face", ordered=False, maxRetransmits=0, negotiated=True, id=0
        )
        self._voice = _voice_track()
        self._early: list[Any] = []
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._described = False

        @self._channel.on("message")  # type: ignore[untyped-decorator]
        def heard(message: bytes | str) -> None:
            if isinstance(message, bytes):
                face(message)

        @self._connection.on("track")  # type: ignore[untyped-decorator]
        def tracked(track: Any) -> None:
            if track.kind == "audio":
                self._begin(lambda: self._listen(track))

        if offers:
            self._connection.addTrack(self._voice)
            self._begin(self._offer)

    @property
    def connected(self) -> bool:
        """Whether faces and sound go directly."""
        return bool(self._channel.readyState == "open" and self._connection.connectionState == "connected")

    def take(self, data: Mapping[str, Any]) -> None:
        """Hear what the other one's side says; what cannot be used leaves the pair to the server."""
        self._begin(lambda: self._consider(data))

    def send_face(self, message: bytes) -> None:
        """Send a face, if that can be done now."""
        if self._channel.bufferedAmount < MOST_WAITING:
            with suppress(self._rtc.InvalidStateError, ConnectionError):
                self._channel.send(message)

    def send_sound(self, samples: Floats, at: float) -> None:
        """Send (960,) samples at 48 kHz, the first of which is heard at ``at``, seconds of any clock."""
        self._voice.put(samples, at)

    async def close(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        self._voice.stop()
        with suppress(Exception):  # of a package of others, of a connection that nobody needs any more
            await self._connection.close()

    async def _offer(self) -> None:
        async with self._turn:
            await self._describe(await self._connection.createOffer())

    async def _describe(self, description: Any) -> None:
        await self._connection.setLocalDescription(description)
        made = self._connection.localDescription
        self._introduce({"description": {"type": made.type, "sdp": made.sdp}})

    async def _consider(self, data: Mapping[str, Any]) -> None:
        async with self._turn:
            description, candidate = data.get("description"), data.get("candidate")
            if isinstance(description, dict):
                kind, sdp = text(description.get("type"), "type"), text(description.get("sdp"), "sdp")
                # aiortc cannot begin anew: a second offer is left alone, and with it the pair to the server.
                if self._described or kind not in ("offer", "answer"):
                    return
                self._described = True
                await self._connection.setRemoteDescription(self._rtc.RTCSessionDescription(sdp, kind))
                if kind == "offer":
                    self._connection.addTrack(self._voice)
                    await self._describe(await self._connection.createAnswer())
                for early in self._early:
                    await self._connection.addIceCandidate(early)
            elif isinstance(candidate, dict):
                found = self._candidate(candidate)
                if found is None:
                    return
                if self._described:
                    await self._connection.addIceCandidate(found)
                else:
                    self._early.append(found)

    def _candidate(self, table: Mapping[str, Any]) -> Any:
        line = text(table.get("candidate"), "candidate")
        if not line.startswith("candidate:"):
            return None
        from aiortc.sdp import candidate_from_sdp

        found = candidate_from_sdp(line.removeprefix("candidate:"))
        found.sdpMid, found.sdpMLineIndex = table.get("sdpMid"), table.get("sdpMLineIndex")
        return found

    async def _listen(self, track: Any) -> None:
        while True:
            self._sound(mono(await track.recv()))

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            # What strangers send makes the package fail in many ways, each of which ends this pair's direct way alone.
            with suppress(Exception, SignalError):
                await work()

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _voice_track() -> Any:
    from aiortc import MediaStreamTrack
    from av import AudioFrame

    class VoiceTrack(MediaStreamTrack):
        """What is said, as aiortc asks for it; it waits where nothing is."""

        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self._pieces: deque[tuple[Floats, int]] = deque(maxlen=MOST_SOUND)
            self._ready = asyncio.Event()
            self._begun: float | None = None
            self._next = 0

        def put(self, samples: Floats, at: float) -> None:
            self._begun = at if self._begun is None else self._begun
            # Silence that is not sent takes its time, too.
            self._next = max(self._next, round((at - self._begun) * RATE))
            self._pieces.append((samples, self._next))
            self._next += PACKET
            self._ready.set()

        async def recv(self) -> Any:
            while not self._pieces:
                self._ready.clear()
                await self._ready.wait()
            samples, frame_pts = self._pieces.popleft()
            frame = AudioFrame.from_ndarray(integers(samples)[None], "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), frame_pts
            return frame

    return VoiceTrack()

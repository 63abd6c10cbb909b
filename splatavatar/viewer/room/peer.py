"""The direct connection of a Python member with one other person, by aiortc."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from splatavatar.array_types import Floats
from splatavatar.errors import SignalError
from splatavatar.extras import required
from splatavatar.viewer.protocol import SIZE
from splatavatar.viewer.room.lean import Acknowledging, prefer_short_records
from splatavatar.viewer.room.messages import text
from splatavatar.viewer.room.opus import PACKET, RATE, SILENT, mono

BEHIND = 0.1
"""seconds by which sound comes later than faces: a packet of 20 ms is filled, and aiortc holds four"""
MOST_WAITING = 4 * SIZE
"""bytes that may wait to leave before a face is left out: the next one is newer"""
SETTLING = 3.0
"""seconds in which sockets have been opened"""
MOST_SOUND = 25
"""packets of sound that wait; older ones are left out"""
_SPARING = re.compile(r"^a=fmtp:\d+ .*\busedtx=1", re.MULTILINE)
"""in a description: its side needs no packets of silence (RFC 7587, 6.1)"""


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
        prefer_short_records(self._connection)
        self._channel = self._connection.createDataChannel(
            "face", ordered=False, maxRetransmits=0, negotiated=True, id=0
        )
        Acknowledging.delay(self._connection.sctp)
        self._voice = _voice_track()
        self._early: list[Any] = []
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._described = self._closed = False
        self._spares_silence = self._was_silent = False

        @self._channel.on("message")  # type: ignore[untyped-decorator]
        def heard(message: bytes | str) -> None:
            if isinstance(message, bytes):
                face(message)

        @self._connection.on("track")  # type: ignore[untyped-decorator]
        def tracked(track: Any) -> None:
            if track.kind == "audio":
                self._begin(lambda: self._listen(track))

        if offers:
            self._speak()
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

    def send_sound(self, packet: bytes, at: float, loudness: int) -> None:
        """Send an Opus packet of 20 ms that begins at ``at``, seconds of any clock; ``loudness`` as of ``level``.

        Silence is not sent to who said that they need none.
        """
        silent = len(packet) <= SILENT
        if not (silent and self._was_silent and self._spares_silence):
            self._voice.put(packet, at, loudness)
        self._was_silent = silent

    async def close(self) -> None:
        """Hang up."""
        if self._closed:
            return
        self._closed = True
        # Cut off amid opening sockets, aioice leaves them open: what is being agreed is waited for.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._turn.acquire(), SETTLING)
        for task in self._tasks:
            task.cancel()
        self._voice.stop()
        with suppress(Exception):  # of a package of others, of a connection that nobody needs any more
            await self._connection.close()

    def _speak(self) -> None:
        """Send the voice, and how loud it is, by which pages show who speaks: aiortc tells what it encodes alone."""
        sender, voice = self._connection.addTrack(self._voice), self._voice
        following = getattr(sender, "_next_encoded_frame", None)
        if following is None:
            return

        async def following_with_level(codec: Any) -> Any:
            frame = await following(codec)
            if frame is not None:
                frame.audio_level = voice.loudness
            return frame

        sender._next_encoded_frame = following_with_level

    async def _offer(self) -> None:
        async with self._turn:
            if not self._closed:
                await self._describe(await self._connection.createOffer())

    async def _describe(self, description: Any) -> None:
        await self._connection.setLocalDescription(description)
        made = self._connection.localDescription
        self._introduce({"description": {"type": made.type, "sdp": made.sdp}})

    async def _consider(self, data: Mapping[str, Any]) -> None:
        async with self._turn:
            if self._closed:
                return
            description, candidate = data.get("description"), data.get("candidate")
            if isinstance(description, dict):
                kind, sdp = text(description.get("type"), "type"), text(description.get("sdp"), "sdp")
                # aiortc cannot begin anew: a second offer is left alone, and with it the pair to the server.
                if self._described or kind not in ("offer", "answer"):
                    return
                self._described = True
                self._spares_silence = _SPARING.search(sdp) is not None
                await self._connection.setRemoteDescription(self._rtc.RTCSessionDescription(sdp, kind))
                if kind == "offer":
                    self._speak()
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
    from av import Packet

    class VoiceTrack(MediaStreamTrack):
        """What is said, as aiortc asks for it, encoded: its own encoder makes 96 kbit/s, and every pair would have one.

        It waits where nothing is said.
        """

        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self._packets: deque[tuple[bytes, int, int]] = deque(maxlen=MOST_SOUND)
            self._ready = asyncio.Event()
            self._begun: float | None = None
            self._next = 0
            self.loudness = -127
            """of the packet that was asked for last"""

        def put(self, content: bytes, at: float, loudness: int) -> None:
            self._begun = at if self._begun is None else self._begun
            # Silence that is not sent takes its time, too.
            self._next = max(self._next, round((at - self._begun) * RATE))
            self._packets.append((content, self._next, loudness))
            self._next += PACKET
            self._ready.set()

        async def recv(self) -> Any:
            while not self._packets:
                self._ready.clear()
                await self._ready.wait()
            content, begin, self.loudness = self._packets.popleft()
            packet = Packet(content)
            packet.time_base, packet.pts = Fraction(1, RATE), begin
            return packet

    return VoiceTrack()

"""One person who watches: the connection that they offered, by aiortc."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from splatavatar.errors import SignalError
from splatavatar.extras import required
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.webrtc.reports import keep_together
from splatavatar.serve.webrtc.sound import SoundPacket
from splatavatar.serve.webrtc.tracks import CLOCK, picture_track, sound_track
from splatavatar.serve.webrtc.vp8 import bits, vp8_encoder
from splatavatar.viewer.protocol import SIZE
from splatavatar.viewer.room.lean import Acknowledging, prefer_short_records
from splatavatar.viewer.room.opus import RATE

MOST_SECTIONS, MOST_CANDIDATES = 4, 64
"""of an offer: each section may open sockets, each candidate is asked"""
PATIENCE = 10.0
"""seconds in which an answer has been made"""
MOST_WAITING = 4 * SIZE
"""bytes that may wait to leave before a face is left out: the next one is newer"""
MOST_EVENTS = 64 << 10
"""bytes of events that may wait to leave before the next ones are left out"""
MOST_EARLY = 64
"""events that wait for the channel to open"""
LONGEST_MESSAGE = 64 << 10
"""bytes of a message of who watches"""
NTP_EPOCH = 2_208_988_800
"""seconds from 1900 to 1970"""


class Peer:
    """An RTCPeerConnection that answers one offer. All methods belong to one event loop."""

    def __init__(
        self,
        ice: Sequence[Mapping[str, Any]],
        pictures: tuple[int, int, float] | None,
        hear: Callable[[Samples, int, int], None],
        message: Callable[[bytes | str], None],
        changed: Callable[[Peer], None],
    ) -> None:
        """
        Args:
            ice: the servers that help to connect.
            pictures: width, height and rate of those that are sent; None: faces are.
            hear: is given their sound: samples, rate, channels.
            message: is given what comes over the channel of events.
            changed: is called when ``connected`` or ``closed`` changes.

        Raises DependencyError without aiortc.
        """
        rtc = required("aiortc")
        # Its own loggers would print what strangers send.
        for name in ("aiortc", "aioice"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._rtc, self._pictures = rtc, pictures
        self._hear, self._message, self._changed = hear, message, changed
        servers = [rtc.RTCIceServer(**server) for server in ice]
        self._connection = rtc.RTCPeerConnection(rtc.RTCConfiguration(iceServers=servers))
        prefer_short_records(self._connection)
        self._sound = sound_track()
        self._picture = None if pictures is None else picture_track()
        self._faces: Any = None
        self._events: Any = None
        self._early: deque[str] = deque(maxlen=MOST_EARLY)
        self._answering: asyncio.Future[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self.closed = False
        """whether it has ended; another offer needs another one of these"""

    @property
    def connected(self) -> bool:
        """Whether they see and hear what is sent."""
        return not self.closed and self._connection.connectionState == "connected"

    @property
    def takes_faces(self) -> bool:
        """Whether a face can be sent now."""
        return bool(self._faces is not None and self._faces.readyState == "open")

    async def answer(self, sdp: str) -> str:
        """The answer to their offer. Raises SignalError for what cannot be answered."""
        # Cut as aiortc cuts them: at more than the ends of lines of SDP.
        lines = sdp.splitlines()
        sections = [line[2:].split(" ")[0] for line in lines if line.startswith("m=")]
        candidates = sum(line.startswith("a=candidate") for line in lines)
        wanted = ["audio"] if self._pictures is None else ["audio", "video"]
        missing = next((kind for kind in wanted if kind not in sections), None)
        if missing is not None:
            raise SignalError(f"the offer has no {missing}, expected {' and '.join(wanted)} that is received.")
        if len(sections) > MOST_SECTIONS or candidates > MOST_CANDIDATES:
            raise SignalError(
                f"the offer has more than {MOST_SECTIONS} sections or {MOST_CANDIDATES} candidates, expected one "
                "section each of audio, video and application."
            )
        self._answering = asyncio.ensure_future(self._answered(sdp, "application" in sections))
        # Not cancelled where it takes too long, or nobody waits any more: ``close`` says why.
        await asyncio.wait({self._answering}, timeout=PATIENCE)
        if not self._answering.done():
            raise SignalError("the offer could not be answered in time.")
        try:
            return self._answering.result()
        except Exception as error:  # a package of others, and what strangers send
            raise SignalError("the offer cannot be read, expected SDP of RTCPeerConnection.createOffer.") from error

    async def _answered(self, sdp: str, channels: bool) -> str:
        connection = self._connection

        @connection.on("track")  # type: ignore[untyped-decorator]
        def tracked(track: Any) -> None:
            if track.kind == "audio":
                self._begin(self._listen(track))

        @connection.on("connectionstatechange")  # type: ignore[untyped-decorator]
        def stated() -> None:
            if connection.connectionState in ("failed", "closed"):
                self.closed = True
            self._changed(self)

        if channels:
            self._open_channels()
        await connection.setRemoteDescription(self._rtc.RTCSessionDescription(sdp, "offer"))
        sender = connection.addTrack(self._sound)
        keep_together(sender, RATE, lambda: self._began, lambda: int(self._sound.level))
        if self._picture is not None and self._pictures is not None:
            sender = connection.addTrack(self._picture)
            keep_together(sender, CLOCK, lambda: self._began)
            # With none set, aiortc would make its own when the first picture is sent.
            sender._RTCRtpSender__encoder = vp8_encoder(bits(*self._pictures))
            self._only_vp8(sender)
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    def _only_vp8(self, sender: Any) -> None:
        known = self._rtc.RTCRtpSender.getCapabilities("video").codecs
        vp8 = [codec for codec in known if codec.mimeType.lower() == "video/vp8"]
        for transceiver in self._connection.getTransceivers():
            if transceiver.sender is sender:
                transceiver.setCodecPreferences(vp8)

    def _open_channels(self) -> None:
        self._faces = self._connection.createDataChannel("face", ordered=False, maxRetransmits=0, negotiated=True, id=0)
        self._events = self._connection.createDataChannel("events", negotiated=True, id=1)
        Acknowledging.delay(self._connection.sctp)

        @self._events.on("open")  # type: ignore[untyped-decorator]
        def opened() -> None:
            while self._early:
                self.send_event(self._early.popleft())

        @self._events.on("message")  # type: ignore[untyped-decorator]
        def came(message: bytes | str) -> None:
            if len(message) <= LONGEST_MESSAGE:
                self._message(message)

    def begin(self, at: float) -> None:
        """The clock of what is sent was 0 at ``at``, seconds of the event loop's clock."""
        self._began = time.time() + NTP_EPOCH + at - asyncio.get_running_loop().time()

    def send_sound(self, packet: SoundPacket) -> None:
        """Send 20 ms of sound."""
        self._sound.put(packet)

    def send_picture(self, frame: Any, at: float) -> None:
        """Send a frame of FFmpeg in yuv420p, which is seen from ``at`` on, seconds of the stream."""
        if self._picture is not None:
            self._picture.put(frame, at)

    def send_face(self, message: bytes) -> None:
        """Send a face, if that can be done now."""
        if self.takes_faces and self._faces.bufferedAmount < MOST_WAITING:
            self._send(self._faces, message)

    def send_event(self, text: str) -> None:
        """Send an event, if they take any; as soon as they do."""
        events = self._events
        if events is None:
            return
        if events.readyState == "connecting":
            self._early.append(text)
        elif events.bufferedAmount < MOST_EVENTS:
            self._send(events, text)

    def clear(self) -> None:
        """What waits to be sent is not heard."""
        self._sound.clear()

    async def close(self) -> None:
        """Hang up."""
        self.closed = True
        for task in self._tasks:
            task.cancel()
        self._sound.stop()
        if self._picture is not None:
            self._picture.stop()
        if self._answering is not None:
            # Cut off amid opening sockets, aioice leaves them open; closed amid it, it opens them afterwards.
            await asyncio.wait({self._answering}, timeout=PATIENCE)
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)
        with suppress(Exception):  # of a package of others, of a connection that nobody needs any more
            await self._connection.close()

    def _send(self, channel: Any, message: bytes | str) -> None:
        with suppress(self._rtc.InvalidStateError, ConnectionError):
            channel.send(message)

    async def _listen(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            channels = len(frame.layout.channels)
            self._hear(frame.to_ndarray().reshape(-1), frame.sample_rate, channels)

    def _begin(self, work: Any) -> None:
        async def guarded() -> None:
            # What strangers send makes the package fail in many ways, each of which ends their sound alone.
            with suppress(Exception):
                await work

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""What aiortc asks for sound and pictures: those that are there, in order, and nothing that is old."""

from __future__ import annotations

import asyncio
from collections import deque
from fractions import Fraction
from typing import Any

from splatavatar.extras import required
from splatavatar.serve.webrtc.sound import SILENT, SoundPacket
from splatavatar.viewer.room.opus import RATE

MOST_SOUND = 25
"""packets that wait; older ones are left out"""
SILENCE = b"\xf8\xff\xfe"
"""20 ms of silence in Opus (RFC 6716: a packet of one frame, full band, of which nothing is coded)"""
CLOCK = 90_000
"""ticks a second of the time of pictures"""


def sound_track() -> Any:
    """A track of sound that is encoded already. Raises DependencyError without aiortc."""
    rtc, av = required("aiortc"), required("av")

    class SoundTrack(rtc.MediaStreamTrack):  # type: ignore[misc, name-defined]
        """Its ``level`` is that of the packet that was asked for last."""

        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self._packets: deque[SoundPacket] = deque(maxlen=MOST_SOUND)
            self._ready = asyncio.Event()
            self.level = SILENT

        def put(self, packet: SoundPacket) -> None:
            """Send it next."""
            self._packets.append(packet)
            self._ready.set()

        def clear(self) -> None:
            """What was not sent is silent."""
            waiting = [SoundPacket(SILENCE, each.at, SILENT) for each in self._packets]
            self._packets.clear()
            self._packets.extend(waiting)

        async def recv(self) -> Any:
            while not self._packets:
                self._ready.clear()
                await self._ready.wait()
            sound = self._packets.popleft()
            self.level = sound.level
            packet = av.Packet(sound.content)
            packet.time_base, packet.pts = Fraction(1, RATE), sound.at
            return packet

    return SoundTrack()


def picture_track() -> Any:
    """A track of pictures, of which the newest is sent. Raises DependencyError without aiortc."""
    rtc = required("aiortc")

    class PictureTrack(rtc.MediaStreamTrack):  # type: ignore[misc, name-defined]
        kind = "video"

        def __init__(self) -> None:
            super().__init__()
            self._newest: Any = None
            self._ready = asyncio.Event()

        def put(self, frame: Any, time: float) -> None:
            """Send a frame of FFmpeg next, which is seen from ``time`` on, seconds of the stream."""
            frame.time_base, frame.pts = Fraction(1, CLOCK), round(time * CLOCK)
            self._newest = frame
            self._ready.set()

        async def recv(self) -> Any:
            await self._ready.wait()
            self._ready.clear()
            frame, self._newest = self._newest, None
            return frame

    return PictureTrack()

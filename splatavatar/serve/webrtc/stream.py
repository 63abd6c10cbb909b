"""Moments of a talking face at an even pace: sound, and a picture or a face with it, on one clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Protocol

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SplatAvatarError
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.webrtc.peer import Peer
from splatavatar.serve.webrtc.sound import SoundPackets, samples_of
from splatavatar.viewer.protocol import encode

LOG = logging.getLogger("splatavatar")
LONGEST_LATE = 0.5
"""seconds that are caught up with after a stall: what is more is left out, as if the clock had stood still"""

Draw = Callable[[FaceSignal], Any]
"""makes a frame of FFmpeg of a face, in any thread"""


class Watching(Protocol):
    """Who is told what a stream does."""

    def said(self, moment: Moment, at: float) -> None:
        """A moment was sent, which begins at ``at``, seconds of the stream."""
        ...

    def made(self, late: float) -> None:
        """A picture or a face was ready ``late`` seconds after its time; before it where that is below 0."""
        ...

    def failed(self, error: SplatAvatarError) -> None:
        """A picture cannot be drawn."""
        ...


class Stream:
    """Sends what ``face`` says to a peer. Sound, pictures and faces count the same samples, and so cannot drift.

    A moment is made when it is due. Where drawing is late, pictures are left out, and never sound.
    """

    def __init__(self, face: SpeakingFace, draw: Draw | None, pool: Executor, watching: Watching) -> None:
        """``draw`` is called in a thread of ``pool``, one picture at a time; None: faces are sent."""
        self._face, self._draw, self._pool, self._watching = face, draw, pool, watching
        self._packets = SoundPackets()
        self._count = 0
        self._drawing: asyncio.Task[None] | None = None

    async def run(self, peer: Peer) -> None:
        """Send to ``peer`` until cancelled. The clock goes on where it was when it ran before."""
        loop, step = asyncio.get_running_loop(), 1 / self._face.fps
        began = loop.time() - self._count * step
        peer.begin(began)
        try:
            while True:
                due = began + self._count * step
                late = loop.time() - due
                if late < 0:
                    await asyncio.sleep(-late)
                elif late > LONGEST_LATE:
                    began += late
                    peer.begin(began)
                    continue
                self._send(peer, due, late > step)
        finally:
            if self._drawing is not None:
                self._drawing.cancel()

    def close(self) -> None:
        """It does not run any more."""
        self._packets.close()

    def clear(self, peer: Peer | None) -> None:
        """What was made and not sent is not heard."""
        self._packets.clear()
        if peer is not None:
            peer.clear()

    def _send(self, peer: Peer, due: float, behind: bool) -> None:
        at = self._count / self._face.fps
        count = samples_of(self._count, self._face.fps)
        moment = self._face.next()
        for packet in self._packets.push(moment.sound, count):
            peer.send_sound(packet)
        if self._draw is None:
            peer.send_face(encode(moment.signal, self._count, at))
            self._watching.made(asyncio.get_running_loop().time() - due)
        elif not behind and (self._drawing is None or self._drawing.done()):
            self._drawing = asyncio.get_running_loop().create_task(self._picture(peer, self._draw, moment, at, due))
        else:
            self._watching.made(1 / self._face.fps)
        self._count += 1
        self._watching.said(moment, at)

    async def _picture(self, peer: Peer, draw: Draw, moment: Moment, at: float, due: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            frame = await loop.run_in_executor(self._pool, draw, moment.signal)
        except SplatAvatarError as error:
            self._watching.failed(error)
            return
        peer.send_picture(frame, at)
        self._watching.made(loop.time() - due - 1 / self._face.fps)

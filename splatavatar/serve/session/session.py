"""One session: an avatar that says what it is sent to one person who watches."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.label import Label
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SignalError, SplatAvatarError
from splatavatar.extras import required
from splatavatar.serve.session.events import Events
from splatavatar.serve.session.inbox import Inbox
from splatavatar.serve.session.mouth import Mouth
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.lips import LipModel
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.stage import Stage
from splatavatar.serve.webrtc.peer import Peer
from splatavatar.serve.webrtc.stream import Stream
from splatavatar.viewer.room.opus import RATE


class Talking(Protocol):
    """Takes the messages of one who talks in a session."""

    async def take(self, message: bytes | str, since: int) -> None:
        """Take a message that came after ``since`` interruptions. Raises SplatAvatarError for a wrong one."""
        ...

    async def close(self) -> None:
        """Nothing more comes."""
        ...


@dataclass(frozen=True)
class Wanted:
    """What a session is opened with."""

    avatar: str
    mode: str
    """``video``: pictures are sent, ``client``: faces, for who has the avatar"""
    width: int
    height: int
    fps: float
    voice: str | None = None
    mood: str = "neutral"
    behaviour: float = 1.0
    label: str | None = None


class Counted:
    """What the operator wants to know of a session; this one counts nothing."""

    def queued(self, seconds: float) -> None:
        """Speech of so many seconds waited when more of it came."""

    def made(self, mode: str, late: float) -> None:
        """A picture or a face was ready ``late`` seconds after its time."""

    def failed(self, kind: str) -> None:
        """Something went wrong: one of ``metrics.FAILURES``."""


class Session:
    """Its methods belong to one event loop."""

    def __init__(
        self,
        wanted: Wanted,
        owner: str | None,
        stage: Stage,
        ice: Sequence[Mapping[str, Any]],
        pool: Executor,
        counted: Counted,
        model: Callable[[], LipModel] = AudioToFace,
    ) -> None:
        """
        Args:
            wanted: what it is.
            owner: the id of the key that opened it; None where there are no keys.
            stage: the avatar.
            ice: the servers that help to connect.
            pool: threads that draw.
            counted: is told what happens.
            model: makes the model of speech.

        Raises:
            SettingsError: a mood, an amount of behaviour or a label that is none.
            DependencyError: a package is absent.
        """
        self.id, self.token = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        self.wanted, self.owner, self.stage = wanted, owner, stage
        self.opened = time.time()
        self.price = 1.0
        """what admission counts it as"""
        self.events = Events()
        self._ice, self._counted = ice, counted
        self._label = None if wanted.label is None else Label(wanted.label)
        life = Behaviour(secrets.randbelow(1 << 31), wanted.behaviour, Mood.parse(wanted.mood))
        self.face = SpeakingFace(model, wanted.fps, RATE, life)
        self.mouth = Mouth(self.face, self._came)
        self.lines = 0
        """WebSockets over which it is spoken to"""
        self._draw_error = False
        self._stream = Stream(self.face, self._drawn if wanted.mode == "video" else None, pool, self)
        self._peer: Peer | None = None
        self._running: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._said: dict[int, float] = {}  # seconds of the segments that have begun
        self._tasks: set[asyncio.Task[None]] = set()
        self._active = time.monotonic()
        self.watched_once = False
        """whether anybody has ever been connected"""
        self.closed = False
        self.listeners: list[Callable[[Samples, int, int], None]] = []
        """take what who watches says: samples, rate, channels"""
        self.speakers: list[Callable[[], None]] = []
        """end what they are about to say here by themselves, such as a conversation its answer"""

    @property
    def watched(self) -> bool:
        """Whether somebody is connected."""
        return self._peer is not None and self._peer.connected

    @property
    def idle(self) -> float:
        """Seconds since somebody watched, or speech was taken; 0 while somebody watches, or a file is on its way.

        Speech that waits for room keeps nothing alive: where nobody watches there may never be any.
        """
        if self.watched or self.mouth.expected:
            self._active = time.monotonic()
        return time.monotonic() - self._active

    async def answer(self, sdp: str, talk: Callable[[], Talking]) -> str:
        """The answer to the offer of who watches from now on, instead of who did before.

        ``talk`` makes what takes the messages that they send over the channel of events. Raises SignalError,
        DependencyError.
        """
        inbox = self.inbox()

        def came(message: bytes | str) -> None:
            if not inbox.offer(message):
                self.tell("failed", error="Too many messages wait; what was sent last was left out.")

        pictures = (self.wanted.width, self.wanted.height, self.wanted.fps) if self.wanted.mode == "video" else None
        peer = Peer(self._ice, pictures, self._hear, came, self._changed)
        try:
            answer = await peer.answer(sdp)
        except SplatAvatarError:
            await peer.close()
            self._counted.failed("offer")
            raise
        except asyncio.CancelledError:
            await peer.close()
            raise
        if self.closed:
            await peer.close()
            raise SignalError("the session has ended.")
        before, self._peer = self._peer, peer
        if self._listening is not None:
            self._listening.cancel()
        self._listening = self.work(self._listen(talk(), inbox))
        self._active = time.monotonic()
        self._stop()
        if before is not None:
            await before.close()
        self._changed(peer)
        return answer

    async def _listen(self, talk: Talking, inbox: Inbox) -> None:
        try:
            while (given := await inbox.get()) is not None:
                try:
                    await talk.take(*given)
                except SplatAvatarError as error:
                    self.tell("failed", error=str(error))
        finally:
            with suppress(SplatAvatarError):
                await talk.close()

    def inbox(self) -> Inbox:
        """Where the messages of one who talks wait."""
        return Inbox(self.interrupt, lambda: self.face.cleared)

    def count_failure(self, kind: str) -> None:
        """Something that was sent failed: one of ``metrics.FAILURES``."""
        self._counted.failed(kind)

    def interrupt(self) -> list[int]:
        """Have every speaker end, and cut off what is said and what waits; the numbers of the segments."""
        numbers = self.face.segments
        for end in self.speakers:
            end()
        self.cut()
        return numbers

    def cut(self) -> list[int]:
        """Cut off what is said and what waits, for a speaker that goes on; the numbers of the segments."""
        numbers = self.face.clear()
        self._stream.clear(self._peer)
        for number in numbers:
            self.tell("interrupted", segment=number, position=round(self._said.pop(number, 0.0), 3))
        return numbers

    def tell(self, kind: str, **fields: Any) -> None:
        """Tell an event to who watches and to who listens."""
        text = self.events.tell(kind, **fields)
        if self._peer is not None:
            self._peer.send_event(text)

    def work(self, of: Any) -> asyncio.Task[None]:
        """Do something that ends with the session."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(of)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, why: str) -> None:
        """End it: nothing of it is left. ``why``: one word that who listens is told."""
        if self.closed:
            return
        self.closed = True
        self.tell("ended", reason=why)
        self.events.close()
        self.mouth.close()
        self._stop()
        self._stream.close()
        for task in list(self._tasks):
            task.cancel()
        if self._peer is not None:
            await self._peer.close()
            self._peer = None
        self.face.close()

    def said(self, moment: Moment, at: float) -> None:
        """See ``webrtc.stream.Watching``."""
        if moment.segment is not None:
            if moment.begins:
                self.tell("started", segment=moment.segment, position=0.0, time=round(at, 3))
            self._said[moment.segment] = moment.position
        for number in moment.ended:
            self.tell("finished", segment=number, position=round(self._said.pop(number, 0.0), 3), time=round(at, 3))

    def made(self, late: float) -> None:
        """See ``webrtc.stream.Watching``."""
        self._counted.made(self.wanted.mode, late)

    def failed(self, error: SplatAvatarError) -> None:
        """See ``webrtc.stream.Watching``. A picture that cannot be drawn is told once."""
        self._counted.failed("draw")
        if not self._draw_error:
            self._draw_error = True
            self.tell("failed", error=str(error))

    def _drawn(self, signal: FaceSignal) -> Any:
        av = required("av")
        picture = self.stage.draw(signal, self.wanted.width, self.wanted.height, self._label)
        return av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")

    def _hear(self, samples: Samples, rate: int, channels: int) -> None:
        with suppress(SignalError):
            self.face.hear(samples, rate, channels)
        for listen in self.listeners:
            listen(samples, rate, channels)

    def _changed(self, peer: Peer) -> None:
        if peer is not self._peer:
            return
        if peer.connected and self._running is None:
            self.watched_once = True
            self._running = asyncio.get_running_loop().create_task(self._stream.run(peer))
            self.tell("connected")
        elif not peer.connected and self._running is not None:
            self._stop()
            self._active = time.monotonic()
            if not self.closed:
                self.tell("disconnected")

    def _came(self, waiting: float) -> None:
        self._active = time.monotonic()
        self._counted.queued(waiting)

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None

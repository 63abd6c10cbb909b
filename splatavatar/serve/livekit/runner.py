"""A face in a room: what it hears of its agent, it says and shows there."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.voice.avatar import AudioReceiver, AudioSegmentEnd

from splatavatar.errors import SignalError
from splatavatar.serve.livekit.client_rendering import ClientRendering
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.frames import audio_frame, samples_of, video_frame
from splatavatar.serve.livekit.listening import Listening
from splatavatar.serve.livekit.talk import Talk
from splatavatar.serve.livekit.tracks import PictureTrack, SoundTrack
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.stage import Stage

LOG = logging.getLogger("splatavatar")
AHEAD = 0.04
"""seconds of sound that are sent before they are heard: meanwhile its picture is drawn"""
LEAST = 0.005
"""seconds of sound on their way, below which a gap is near"""
QUEUE = 200
"""milliseconds of sound that may be on their way"""


class SplatRunner:
    """Says in a room what a receiver brings, and shows the avatar there.

    It stands where LiveKit's ``AvatarRunner`` does, and differs in that pictures and sound go out at one pace with no
    queue of pictures between, so that lips and sound stay together; that an interruption empties all there is; that its
    position is what was heard; that segments may come faster than they are said; and that it ends, rather than show a
    mute face, when its receiver fails. Sound goes out without a gap, silence where nobody speaks: faces that are sent
    in place of pictures lie on the clock of that sound. It waits for no picture: where drawing is late, pictures are
    left out.
    """

    def __init__(
        self,
        room: rtc.Room,
        receiver: AudioReceiver,
        stage: Stage | None,
        options: FaceOptions | None = None,
        face: SpeakingFace | None = None,
    ) -> None:
        """
        Args:
            room: where it shows, connected.
            receiver: brings what it says, and is told what of it was heard.
            stage: the avatar; None for a voice without a face.
            options: see there.
            face: what says it; made by the options where None.

        Raises:
            DependencyError: a package is absent.
        """
        self._room, self._receiver = room, receiver
        self._options = options or FaceOptions()
        self._talk = Talk(face or self._options.face(), stage, self._options.width, self._options.height)
        self._sound = rtc.AudioSource(self._options.rate, 1, queue_size_ms=QUEUE)
        self._voice = SoundTrack(room, self._sound)
        self._pictures = None if stage is None else PictureTrack(room, self._options.width, self._options.height)
        offered = self._options.client_rendered and stage is not None
        self._client = ClientRendering(room, stage.content) if offered and stage is not None else None
        self._listening = Listening(room, self._talk.face)
        self._segments: deque[int] = deque()  # that have come and are not reported as over
        self._position = 0.0
        self._speaking: int | None = None
        self._begun = time.monotonic()
        self._told: set[asyncio.Task[Any]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._drawing: asyncio.Task[None] | None = None
        self._shown: list[asyncio.TimerHandle] = []  # pictures that wait for their sound

    @property
    def face(self) -> SpeakingFace:
        """What says it."""
        return self._talk.face

    async def start(self) -> None:
        """Begin. Returns when the receiver is ready, which may wait for its sender."""
        await self._receiver.start()
        self._receiver.on("clear_buffer", self._clear)
        if self._client is not None:
            await self._client.start()
        self._listening.start()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._play())]

    async def wait(self) -> None:
        """Until it is over, because nothing more comes. Raises what it failed of."""
        if not self._tasks:
            return
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def aclose(self) -> None:
        """End, and take the tracks back. May be called at any time."""
        self._receiver.off("clear_buffer", self._clear)
        await self._receiver.aclose()
        tasks = [*self._tasks, *self._told, *([] if self._drawing is None else [self._drawing])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for handle in self._shown:
            handle.cancel()
        self._tasks = []
        await self._listening.aclose()
        if self._client is not None:
            await self._client.aclose()
        if self._pictures is not None:
            await self._pictures.aclose()
        await self._voice.aclose()

    async def _read(self) -> None:
        async for frame in self._receiver:
            if isinstance(frame, AudioSegmentEnd):
                number = self._talk.end()
            else:
                try:
                    number = await self._talk.push(samples_of(frame), frame.sample_rate, frame.num_channels)
                except SignalError as error:
                    LOG.warning("left out of what the avatar says: %s", error)
                    continue
            if number is not None and number not in self._segments:
                self._segments.append(number)

    async def _play(self) -> None:
        await self._voice.publish()
        self._begun = time.monotonic()
        if self._pictures is not None and self._client is None:
            await self._pictures.show()
        loop = asyncio.get_running_loop()
        while True:
            moment = await self._talk.moment()
            watched = self._client is None or self._client.watched
            if self._client is not None and self._pictures is not None:
                self._pictures.want(watched)
            delay = await self._say(moment)
            if self._drawing is not None and self._drawing.done():
                self._drawing.result()
                self._drawing = None
            if self._pictures is not None and watched and self._drawing is None:
                self._drawing = asyncio.create_task(self._draw(self._pictures, moment, loop.time() + delay))

    async def _draw(self, pictures: PictureTrack, moment: Moment, at: float) -> None:
        """Draw a picture, and show it when its sound is heard: ``at``, seconds of the event loop's clock."""
        picture = await self._talk.draw(moment)
        if picture is None:
            return
        loop = asyncio.get_running_loop()
        waiting = [handle for handle in self._shown if handle.when() > loop.time()]
        self._shown = [*waiting, loop.call_at(at, pictures.capture, video_frame(picture))]

    async def _say(self, moment: Moment) -> float:
        """Send the sound of a picture's time, and tell what of it was the first or the last of a segment.

        Returns the seconds until it is heard.
        """
        current = self._talk.is_current(moment)
        fps, rate = self._options.fps, self._options.rate
        n = round(moment.signal.time * fps)
        sound = np.zeros(round((n + 1) * rate / fps) - round(n * rate / fps), np.int16)
        if current:
            for number in moment.ended:
                if number != moment.segment:
                    self._finished(number, interrupted=False)
        if moment.sound is not None and current:
            sound[: len(moment.sound)] = moment.sound
            self._speaking, self._position = moment.segment, moment.position
            if moment.begins:
                self._tell(self._receiver.notify_playback_started())
        if self._sound.queued_duration < LEAST:
            await self._sound.capture_frame(audio_frame(np.zeros(round(AHEAD * rate), np.int16), rate))
        delay = self._sound.queued_duration
        heard_at = time.monotonic() - self._begun + delay
        if moment.sound is None and delay > AHEAD:
            # What a late picture added to the way is taken off again where nobody speaks.
            sound = sound[: max(len(sound) - round((delay - AHEAD) * rate), 1)]
        if self._talk.is_current(moment) or moment.sound is None:
            await self._sound.capture_frame(audio_frame(sound, rate))
            if self._client is not None:
                self._client.send(moment.signal, heard_at)
        if self._talk.is_current(moment) and moment.segment is not None and moment.segment in moment.ended:
            self._finished(moment.segment, interrupted=False)
        return delay

    def _finished(self, number: int, interrupted: bool, unheard: float = 0.0) -> None:
        if number not in self._segments:
            return
        self._segments.remove(number)
        position = max(self._position - unheard, 0.0) if number == self._speaking else 0.0
        self._tell(self._receiver.notify_playback_finished(position, interrupted))

    def _clear(self) -> None:
        """Interrupt, at once: face, sound that is on its way, and what is told of it."""
        unheard = self._sound.queued_duration
        self._talk.clear()
        self._sound.clear_queue()
        for number in list(self._segments):
            self._finished(number, True, unheard)
        self._speaking, self._position = None, 0.0

    def _tell(self, told: Awaitable[None] | None) -> None:
        if inspect.iscoroutine(told):
            task = asyncio.create_task(told)
            self._told.add(task)
            task.add_done_callback(self._told.discard)

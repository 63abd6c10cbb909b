"""The face as LiveKit's ``AvatarRunner`` takes it: pictures without end, and sound in step with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine

from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, AvatarOptions, AvatarRunner, VideoGenerator

from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.frames import audio_frame, samples_of, video_frame
from splatavatar.serve.livekit.talk import Talk
from splatavatar.serve.stage import Stage

AHEAD = 0.008
"""seconds that speech is handed over before it is heard, so that a picture that takes longer leaves no gap in it"""
SETTLED = 0.3
"""seconds that an interruption waits for a slice of sound that is being taken, at most"""


class SplatVideoGenerator(VideoGenerator):
    """An avatar that says what is pushed, at the pace of its pictures.

    While nothing is said it yields idle pictures. For a picture of speech it yields the picture, then the sound of its
    time; after the last of a segment ``AudioSegmentEnd``. It keeps the pace itself: who takes what it yields need not
    queue pictures, and so sound and lips stay together and little is left to be thrown away at an interruption.

    ``AvatarRunner`` tells the end of a segment by whether any sound came since the last one. So that this holds for
    segments that come faster than they are said, ``push_audio`` returns from the end of one when that was yielded.
    """

    def __init__(self, stage: Stage, options: FaceOptions | None = None) -> None:
        """Raises DependencyError where a package is absent."""
        self._options = options or FaceOptions()
        face = self._options.face()
        self._talk = Talk(face, stage, self._options.width, self._options.height)
        self._over = asyncio.Event()
        self._ends = 0
        self._running = False
        self._taken = asyncio.Event()
        self._taken.set()
        self._runner: AvatarRunner | None = None

    @property
    def options(self) -> AvatarOptions:
        """What an ``AvatarRunner`` of this face is made with."""
        of = self._options
        return AvatarOptions(
            video_width=of.width,
            video_height=of.height,
            video_fps=of.fps,
            audio_sample_rate=of.rate,
            audio_channels=1,
        )

    def attach(self, runner: AvatarRunner) -> None:
        """Have interruptions empty the queues of ``runner`` as well, which does not do it."""
        self._runner = runner

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Take sound of any rate, or the end of a segment.

        Waits where much is to be said, and at an end until it is. Raises SignalError for sound that cannot be said.
        """
        if isinstance(frame, AudioSegmentEnd):
            await self._end()
            return
        await self._talk.push(samples_of(frame), frame.sample_rate, frame.num_channels)

    def hear(self, frame: rtc.AudioFrame) -> None:
        """Take sound of who is talked to, by which the face listens."""
        self._talk.face.hear(samples_of(frame), frame.sample_rate, frame.num_channels)

    def clear_buffer(self) -> Coroutine[None, None, None]:
        """Interrupt, at once: nothing that was pushed before is yielded any more, and no end of it.

        What it returns waits until the slice of sound that is being taken is, which is to be counted as heard.
        """
        self._talk.clear()
        self._ends = 0
        self._over.set()
        return self._settle()

    def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        self._running = True
        return self._frames()

    async def _frames(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        ahead = False
        try:
            async for moment, picture in self._talk.moments():
                assert picture is not None
                yield video_frame(picture)
                if (moment.sound is not None) != ahead:
                    ahead = not ahead
                    self._talk.pace.shift(-AHEAD if ahead else AHEAD)
                for number in moment.ended:
                    if number != moment.segment and self._talk.is_current(moment):
                        yield self._ended()
                if moment.sound is not None and self._talk.is_current(moment):
                    self._taken.clear()
                    try:
                        yield audio_frame(moment.sound, self._options.rate)
                    finally:
                        self._taken.set()
                if moment.segment in moment.ended and self._talk.is_current(moment):
                    yield self._ended()
        finally:
            self._running = False
            self._over.set()

    def _ended(self) -> AudioSegmentEnd:
        # Who waits for it runs only after who takes it has done so.
        self._ends = max(self._ends - 1, 0)
        self._over.set()
        return AudioSegmentEnd()

    async def _end(self) -> None:
        if self._talk.end() is None:
            return
        self._ends += 1
        await asyncio.sleep(0)  # who takes the pictures may be about to begin
        while self._ends and self._running:
            self._over.clear()
            await self._over.wait()

    async def _settle(self) -> None:
        if self._runner is not None:
            await self._runner.av_sync.clear_queue()
        try:
            await asyncio.wait_for(self._taken.wait(), SETTLED)
        except asyncio.TimeoutError:
            return

"""The service that gives a pipeline of Pipecat a face. Importing this needs the extra ``pipecat``."""

from __future__ import annotations

import asyncio
import base64
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.errors import SettingsError, SplatAvatarError
from splatavatar.extras import missing_extra
from splatavatar.serve.pipecat.ahead import Ahead
from splatavatar.serve.pipecat.held import Held
from splatavatar.serve.speech.face import FASTEST, Life, SpeakingFace
from splatavatar.serve.speech.moment import Moment
from splatavatar.serve.stage import LARGEST, SMALLEST, Stage, open_stage
from splatavatar.viewer.protocol import encode

try:
    from pipecat.frames.frames import (
        CancelFrame,
        ClientConnectedFrame,
        EndFrame,
        Frame,
        InputAudioRawFrame,
        InterruptionFrame,
        OutputImageRawFrame,
        OutputTransportMessageUrgentFrame,
        OutputTransportReadyFrame,
        StartFrame,
        SystemFrame,
        TTSAudioRawFrame,
        TTSStartedFrame,
        TTSStoppedFrame,
    )
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
    from pipecat.services.ai_service import AIService
    from pipecat.services.settings import ServiceSettings
    from pipecat.transports.base_output import BaseOutputTransport
except ModuleNotFoundError as error:
    raise missing_extra(error) or error from None

Mode = Literal["video", "client"]
FACE, AVATAR = "splatavatar.face", "splatavatar.avatar"
"""the types of the messages to pages that draw the avatar themselves"""
LATEST = 0.5
"""seconds that the clock may be late; beyond that it goes on from now, as after a machine slept"""


class SplatAvatarService(AIService):
    """Takes speech and gives pictures of somebody who speaks it, and the speech in step with them.

    It stands right after the TTS. Pictures come at an even rate from the moment that the transport is ready until the
    pipeline ends, whether anybody speaks or not. All that comes leaves in its order, each frame when the speech before
    it was sent; system frames and what goes upstream are not held up. An interruption takes away all that was not sent.

    With ``mode="client"`` no picture is drawn: a page that has the avatar is sent faces, as messages of the transport.
    """

    def __init__(
        self,
        avatar: str | Path | Stage = "demo",
        *,
        mode: Mode = "video",
        width: int = 512,
        height: int = 512,
        fps: float = 25.0,
        avatar_url: str | None = None,
        life: Life | None = None,
        without_consent: bool = False,
        **kwargs: Any,
    ) -> None:
        """
        Args:
            avatar: its file, or "demo"; or a stage, which sessions share and which was asked for consent when opened.
            mode: who draws: this service ("video"), or the page ("client").
            width, height: pixels of a picture, those of the transport's parameters.
            fps: pictures a second, those of the transport's parameters.
            avatar_url: where a page that draws finds the file; told to everybody who comes.
            life: what the face does beside its mouth; None is ``Behaviour``.
            without_consent: see ``open_stage``.
            kwargs: of ``AIService``.

        Raises:
            SettingsError: a mode, a size or a rate that is not offered.
            AvatarFileError, TrustError: see ``open_stage``.
        """
        if mode not in ("video", "client"):
            raise SettingsError(f"an unknown mode {mode!r}, expected 'video' or 'client'.")
        if mode == "client" and not avatar_url:
            raise SettingsError("a page that draws the avatar needs its address: give avatar_url.")
        if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
            raise SettingsError(f"a picture of {width}x{height} pixels, expected {SMALLEST} to {LARGEST} on each side.")
        if not 0 < fps <= FASTEST:
            raise SettingsError(f"a face at {fps:g} pictures a second, expected more than 0 and at most {FASTEST:g}.")
        kwargs.setdefault("settings", ServiceSettings(model=None))
        super().__init__(**kwargs)
        self._stage = avatar if isinstance(avatar, Stage) else open_stage(avatar, without_consent)
        self._mode, self._width, self._height, self._fps = mode, width, height, fps
        self._avatar_url = avatar_url
        self._life: Life = Behaviour() if life is None else life
        self._held: Held[Frame] = Held()
        self._segment, self._given, self._last = -1, 0.0, -1
        self._said_as: dict[int, tuple[str | None, bool]] = {}
        self._sending = asyncio.Lock()
        self._stepped = asyncio.Event()
        self._asked = asyncio.Event()
        self._wanted: Moment | None = None
        self._clock: asyncio.Task[None] | None = None
        self._drawer: asyncio.Task[None] | None = None
        self._sequence = 0

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """See ``FrameProcessor``. The sound has the rate that the pipeline sends."""
        await super().setup(setup)
        self._rate = setup.audio_out_sample_rate
        self._face = await asyncio.to_thread(SpeakingFace, AudioToFace, self._fps, self._rate, self._life)
        self._ahead = Ahead(self._face)

    async def stop(self, frame: EndFrame) -> None:
        """See ``AIService``. What was begun is said first."""
        await super().stop(frame)
        self._close_segment()
        while self._clock is not None and not self._clock.done() and self._busy():
            self._stepped.clear()
            await self._stepped.wait()
        await self._end()

    async def cancel(self, frame: CancelFrame) -> None:
        """See ``AIService``."""
        await super().cancel(frame)
        await self._end()

    async def cleanup(self) -> None:
        """See ``FrameProcessor``."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._end()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """See ``FrameProcessor``."""
        await super().process_frame(frame, direction)
        if direction == FrameDirection.UPSTREAM:
            if isinstance(frame, InterruptionFrame):
                await self._interrupt(frame, direction)
                return
            await self.push_frame(frame, direction)
            if isinstance(frame, OutputTransportReadyFrame):
                await self._begin()
        elif isinstance(frame, InterruptionFrame):
            await self._interrupt(frame, direction)
        elif isinstance(frame, SystemFrame):
            await self._system(frame, direction)
        elif isinstance(frame, EndFrame):
            await self.push_frame(frame, direction)
        else:
            await self._take(frame)

    async def _take(self, frame: Frame) -> None:
        if isinstance(frame, TTSAudioRawFrame):
            await self._hear_voice(frame)
        elif frame.pts:
            # Transports bring what has a time, such as a word, at that time: held up it would be late.
            await self.push_frame(frame)
        else:
            await self._hold(frame)

    async def _system(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InputAudioRawFrame):
            sound = np.frombuffer(frame.audio, np.int16, len(frame.audio) // 2)
            try:
                self._face.hear(sound, frame.sample_rate, frame.num_channels)
            except SplatAvatarError as error:
                await self.push_error(f"the sound of the user is not heard: {error}", error)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame) and not _sends(self.pipeline_worker.pipeline):
            await self._begin()
        elif isinstance(frame, ClientConnectedFrame):
            await self._tell_avatar()

    async def _hear_voice(self, frame: TTSAudioRawFrame) -> None:
        sound = np.frombuffer(frame.audio, np.int16, len(frame.audio) // 2)
        try:
            segment = self._face.push(sound, frame.sample_rate, frame.num_channels)
        except SplatAvatarError as error:
            await self.push_error(f"speech is left out: {error}", error)
            return
        if segment != self._segment:
            self._segment, self._given = segment, 0.0
            self._said_as[segment] = (frame.context_id, frame.interruptible)
        self._given += len(sound) / frame.num_channels / frame.sample_rate
        if not frame.interruptible:
            self._held.put(frame, segment, self._given)

    async def _hold(self, frame: Frame) -> None:
        """Pass on a frame when the speech before it was."""
        if isinstance(frame, (TTSStartedFrame, TTSStoppedFrame)):
            self._close_segment()
        async with self._sending:
            if self._segment >= 0:
                self._held.put(frame, self._segment, self._given)
            else:
                self._held.put(frame, self._last)
            await self._send_due()

    def _close_segment(self) -> None:
        if self._segment >= 0:
            self._last = self._face.end()
            self._segment = -1

    async def _interrupt(self, frame: Frame, direction: FrameDirection) -> None:
        # Nothing is sent between the end of what was said and the word that it is over.
        async with self._sending:
            kept = self._held.cut(self._ahead.clear(), lambda held: not held.interruptible)
            self._segment = -1
            self._said_as.clear()
            self._wanted = None
            await self.push_frame(frame, direction)
        for held, left in kept:
            await self._take(_rest(held, left) if isinstance(held, TTSAudioRawFrame) else held)

    def _busy(self) -> bool:
        return bool(self._held) or self._face.speaking or self._face.waiting > 0

    async def _begin(self) -> None:
        if self._clock is None:
            await self._tell_avatar()
            self._clock = self.create_task(self._keep_time(), "clock")
            if self._mode == "video":
                self._drawer = self.create_task(self._draw(), "drawer")

    async def _end(self) -> None:
        for task in (self._clock, self._drawer):
            if task is not None:
                await self.cancel_task(task)
        self._clock = self._drawer = None
        self._stepped.set()

    async def _keep_time(self) -> None:
        """One moment a picture, by the clock."""
        time = asyncio.get_running_loop().time
        due = time()
        while True:
            late = time() - due
            if late > LATEST:
                due, late = due + late, 0.0
            moment: Moment | None = None
            # Sound has to go on where pictures are late; of those the newest is enough.
            for _ in range(math.floor(late * self._fps) + 1):
                moment = await self._step()
                due += 1 / self._fps
            if moment is not None:
                await self._show(moment)
            self._stepped.set()
            await asyncio.sleep(max(due - time(), 0.0))

    async def _step(self) -> Moment | None:
        async with self._sending:
            for moment in self._ahead.made():
                await self._send(moment)
            return self._ahead.shown()

    async def _send(self, moment: Moment) -> None:
        if moment.sound is not None and moment.segment is not None:
            frame = TTSAudioRawFrame(moment.sound.tobytes(), self._rate, 1)
            frame.context_id, frame.interruptible = self._said_as[moment.segment]
            await self.push_frame(frame)
        for segment in moment.ended:
            self._said_as.pop(segment, None)
        self._held.said(moment)
        await self._send_due()

    async def _send_due(self) -> None:
        while (frame := self._held.due()) is not None:
            # Speech is held to be known where it is cut off; by now it was sent.
            if not isinstance(frame, TTSAudioRawFrame):
                await self.push_frame(frame)

    async def _show(self, moment: Moment) -> None:
        if self._mode == "video":
            self._wanted = moment
            self._asked.set()
            return
        face = base64.b64encode(encode(moment.signal, self._sequence)).decode("ascii")
        self._sequence += 1
        await self.push_frame(OutputTransportMessageUrgentFrame({"type": FACE, "data": face}))

    async def _draw(self) -> None:
        """Draws the newest moment whenever one is asked for."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            moment, self._wanted = self._wanted, None
            if moment is None:
                continue
            try:
                picture = await asyncio.to_thread(self._picture, moment)
            except Exception as error:
                await self.push_error(f"the avatar is not drawn any more: {error}", error)
                return
            await self.push_frame(OutputImageRawFrame(picture, (self._width, self._height), "RGB"))

    def _picture(self, moment: Moment) -> bytes:
        return self._stage.draw(moment.signal, self._width, self._height).tobytes()

    async def _tell_avatar(self) -> None:
        if self._avatar_url is not None and self._mode == "client":
            await self.push_frame(OutputTransportMessageUrgentFrame({"type": AVATAR, "url": self._avatar_url}))


def _sends(processor: FrameProcessor) -> bool:
    """Whether a transport is among these: it says when it is ready, and wants nothing before."""
    return isinstance(processor, BaseOutputTransport) or any(_sends(inner) for inner in processor.processors)


def _rest(frame: TTSAudioRawFrame, seconds: float) -> TTSAudioRawFrame:
    """What is left of speech when so much is to be said until its end."""
    size = 2 * frame.num_channels
    left = round(min(seconds * frame.sample_rate, frame.num_frames)) * size
    rest = TTSAudioRawFrame(
        frame.audio[len(frame.audio) // size * size - left :], frame.sample_rate, frame.num_channels
    )
    rest.context_id, rest.interruptible = frame.context_id, frame.interruptible
    return rest

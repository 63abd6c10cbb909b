"""An avatar for an agent, in ten lines of its own code."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any, Literal

from livekit import rtc
from livekit.agents import AgentSession, utils
from livekit.agents.voice.avatar import AvatarSession, DataStreamAudioOutput

from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.launching import launch, withdraw
from splatavatar.serve.livekit.output import SpeechOutput
from splatavatar.serve.livekit.runner import SplatRunner
from splatavatar.serve.livekit.tokens import URL, worker_token
from splatavatar.serve.livekit.voice_only import voice_only

LOG = logging.getLogger("splatavatar")
IDENTITY = "splatavatar"
"""of a worker, where no other is given"""
JOINING = 20.0
"""seconds in which a worker comes into the room"""


class SplatAvatar(AvatarSession[Literal["avatar_left"]]):
    """The face of an agent: ``await SplatAvatar("ada.splatavatar").start(session, room=ctx.room)``.

    In the agent's own process it publishes pictures and sound as the agent itself. Where the address of a dispatcher is
    given a worker on that machine does, and the agent sends it what is said. If the face goes, the agent speaks on
    without one: a line says so and ``avatar_left`` is emitted with the identity of who published it.
    """

    def __init__(
        self,
        avatar: str | Path = "demo",
        options: FaceOptions | None = None,
        *,
        dispatcher: str | None = None,
        dispatcher_key: str | None = None,
        identity: str = IDENTITY,
        livekit_url: str | None = None,
        livekit_api_key: str | None = None,
        livekit_api_secret: str | None = None,
    ) -> None:
        """
        Args:
            avatar: the file, or "demo"; with a dispatcher that is the dispatcher's matter.
            options: how it looks and behaves; with a dispatcher its matter, but for ``rate``.
            dispatcher: address of ``splatavatar agent dispatch``; None: this process is the face.
            dispatcher_key: what the dispatcher asks for.
            identity: of the worker.
            livekit_url, livekit_api_key, livekit_api_secret: of the server, for the worker; those of the environment
                where None.
        """
        super().__init__()
        self._avatar, self._options = avatar, options or FaceOptions()
        self._dispatcher, self._dispatcher_key = dispatcher, dispatcher_key
        self._identity = identity
        self._url, self._key, self._secret = livekit_url, livekit_api_key, livekit_api_secret
        self._runner: SplatRunner | None = None
        self._output: SpeechOutput | None = None
        self._sent: DataStreamAudioOutput | None = None
        self._finished = 0
        self._watching: asyncio.Task[None] | None = None
        self._voice_watching: asyncio.Task[None] | None = None

    @property
    def avatar_identity(self) -> str:
        """Who publishes the pictures: the worker, or the agent itself."""
        if self._dispatcher is not None or self._room is None:
            return self._identity
        return self._room.local_participant.identity

    @property
    def provider(self) -> str:
        """The name of this package."""
        return "splatavatar"

    async def start(self, agent_session: AgentSession[Any], room: rtc.Room) -> None:
        """Give the agent its face, before ``agent_session.start``; returns when it is there.

        Raises:
            AvatarFileError, TrustError: the avatar cannot be read, or its file has no consent to calls.
            SettingsError: the room is not connected, no key of the server, a dispatcher that does not answer or
                refuses, or a worker that does not come.
        """
        if not room.isconnected():
            raise SettingsError("the room is not connected; call `await ctx.connect()` before the avatar starts.")
        if self._dispatcher is None:
            await self._start_here(agent_session, room)
        else:
            await self._start_worker(agent_session, room, self._dispatcher)

    async def aclose(self) -> None:
        """Take the face away. What the agent still says is reported as not heard."""
        for task in (self._watching, self._voice_watching):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        room = self._room
        if room is not None:
            room.off("participant_disconnected", self._left)
        if self._sent is not None:
            _stop_waiting(self._sent)
        if self._output is not None:
            self._output.close()
        if self._runner is not None:
            await self._runner.aclose()
            self._runner = None
        if self._dispatcher is None and room is not None:
            # Who closes it would remove the avatar from the room, which is the agent itself here.
            room.off("connection_state_changed", self._on_connection_state_changed)
            self._room = None
        await super().aclose()

    async def _start_here(self, agent_session: AgentSession[Any], room: rtc.Room) -> None:
        stage = await asyncio.to_thread(self._options.open_stage, self._avatar)
        output = SpeechOutput(self._options.rate)
        runner = SplatRunner(room, output, stage, self._options)
        await super().start(agent_session, room)
        await self._attach(agent_session, output, runner)

    async def _start_worker(self, agent_session: AgentSession[Any], room: rtc.Room, dispatcher: str) -> None:
        url = self._url or os.environ.get(URL)
        if not url:
            raise SettingsError(f"no address of the LiveKit server, expected one in {URL} or as livekit_url.")
        token = worker_token(room.name, self._identity, room.local_participant.identity, self._key, self._secret)
        await super().start(agent_session, room)
        self._sent = DataStreamAudioOutput(
            room,
            destination_identity=self._identity,
            sample_rate=self._options.rate,
            wait_remote_track=rtc.TrackKind.KIND_AUDIO,
            wait_playback_start=True,
        )
        self._sent.on("playback_finished", self._count)
        try:
            await launch(dispatcher, self._dispatcher_key, room.name, url, token)
            coming = utils.wait_for_track_publication(room, identity=self._identity, kind=rtc.TrackKind.KIND_AUDIO)
            await asyncio.wait_for(coming, JOINING)
        except SettingsError:
            await self.aclose()
            raise
        except (asyncio.TimeoutError, RuntimeError) as error:
            # One that comes late would stay as a mute face.
            await withdraw(dispatcher, self._dispatcher_key, room.name)
            await self.aclose()
            raise SettingsError(
                f"the worker {printable(self._identity)!r} did not come into the room in {JOINING:g} s; "
                "the log of its dispatcher says why."
            ) from error
        room.on("participant_disconnected", self._left)
        agent_session.output.replace_audio_tail(self._sent)

    async def _attach(self, agent_session: AgentSession[Any], output: SpeechOutput, runner: SplatRunner) -> None:
        await runner.start()
        self._output, self._runner = output, runner
        agent_session.output.replace_audio_tail(output)
        self._watching = asyncio.create_task(self._watch(runner))

    def _count(self, _: Any) -> None:
        self._finished += 1

    async def _watch(self, runner: SplatRunner) -> None:
        try:
            await runner.wait()
        except Exception:
            LOG.exception("the avatar failed")
            if self._output is not None:
                self._output.close()
            await self._go_on_without_a_face()

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._identity or self._sent is None:
            return
        sent, self._sent = self._sent, None
        # What was on its way is over: nobody else will say so.
        while self._finished < sent.captured_playout_segments:
            sent.on_playback_finished(playback_position=0.0, interrupted=True)
        self._watching = asyncio.create_task(self._go_on_without_a_face())

    async def _go_on_without_a_face(self) -> None:
        session, room = self._agent_session, self._room
        if session is None or room is None or not room.isconnected():
            return
        identity = self.avatar_identity
        LOG.warning("the avatar %s left the room; the agent speaks on without a face", printable(identity))
        gone = self._runner
        # First its tracks go: there is to be one voice in the room.
        if gone is not None:
            await gone.aclose()
        self._output = SpeechOutput(self._options.rate)
        self._runner = voice_only(room, self._output, self._options)
        await self._runner.start()
        session.output.replace_audio_tail(self._output)
        self._voice_watching = asyncio.create_task(self._watch_voice(self._runner, self._output))
        self.emit("avatar_left", identity)

    async def _watch_voice(self, runner: SplatRunner, output: SpeechOutput) -> None:
        try:
            await runner.wait()
        except Exception:
            LOG.exception("the voice without a face failed, too; the agent is not heard any more")
            output.close()


def _stop_waiting(sent: DataStreamAudioOutput) -> None:
    """Have LiveKit's output wait for its worker no longer: it has no end of its own."""
    waiting = getattr(sent, "_start_atask", None)
    if waiting is not None:
        waiting.cancel()

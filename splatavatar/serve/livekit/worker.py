"""A worker: one face in one room, for the agent that is there."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from livekit import rtc
from livekit.agents import utils
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF, TOPIC_TRANSCRIPTION
from livekit.agents.voice.avatar import DataStreamAudioReceiver
from livekit.rtc.participant import PublishTrackError, UnpublishTrackError

from splatavatar.errors import RoomError
from splatavatar.printable import printable
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.runner import SplatRunner
from splatavatar.serve.stage import Stage

LOG = logging.getLogger("splatavatar")
COMING = 60.0
"""seconds in which the agent comes into the room"""
IGNORED_TEXTS, IGNORED_BYTES = (TOPIC_TRANSCRIPTION,), ("lk.agent.session",)
"""topics of agents that everybody in a room is sent"""
ASKED = "it was asked to"
"""why it left"""
_LEAVING: set[asyncio.Task[None]] = set()  # rooms that may still be joined, though nobody wants to any more


async def work(
    url: str, token: str, stage: Stage, options: FaceOptions | None = None, stop: asyncio.Event | None = None
) -> str:
    """Join a room, be the face of the agent there, and leave with it; why it left, for a log.

    Args:
        url: of the server.
        token: for one room; its attribute ``lk.publish_on_behalf`` names the agent, else the first that comes is it.
        stage: the avatar.
        options: how it looks and behaves.
        stop: set where it is to leave.

    Raises:
        RoomError: the room cannot be joined, no agent came, nothing may be published, or the agent cannot be reached
            any more.
    """
    room, stop = rtc.Room(), stop or asyncio.Event()
    joining = asyncio.create_task(room.connect(url, token, rtc.RoomOptions(auto_subscribe=False)))
    asked = asyncio.create_task(stop.wait())
    done = False
    try:
        await asyncio.wait((joining, asked), return_when=asyncio.FIRST_COMPLETED)
        done = joining.done()
    finally:
        asked.cancel()
        if not done:
            # A server that says nothing is waited for half a minute, and that cannot be called off.
            leaving = asyncio.create_task(_leave(room, joining))
            _LEAVING.add(leaving)
            leaving.add_done_callback(_LEAVING.discard)
    if not done:
        return ASKED
    try:
        joining.result()
    except rtc.ConnectError as error:
        raise RoomError(f"the room at {printable(url)} cannot be joined: {printable(error)}") from None
    try:
        return await serve(room, stage, options, stop)
    finally:
        await room.disconnect()


async def serve(
    room: rtc.Room, stage: Stage, options: FaceOptions | None = None, stop: asyncio.Event | None = None
) -> str:
    """What ``work`` does in a room that is connected; it stays connected."""
    for topic in IGNORED_TEXTS:
        room.register_text_stream_handler(topic, _ignore)
    for topic in IGNORED_BYTES:
        room.register_byte_stream_handler(topic, _ignore)
    over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(why: str) -> None:
        if not over.done():
            over.set_result(why)

    def left(participant: rtc.RemoteParticipant) -> None:
        if participant.identity == stay.agent:
            end("the agent left")

    def disconnected(*_: object) -> None:
        end("the room is closed")

    stay = Stay(room, stage, options or FaceOptions())
    room.on("participant_disconnected", left)
    room.on("disconnected", disconnected)
    being = asyncio.create_task(stay.be())
    asked = asyncio.create_task((stop or asyncio.Event()).wait())
    ends: list[asyncio.Future[Any]] = [being, asked, over]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            return over.result()
        if being.done():
            being.result()
            return "the agent sends nothing any more"
        return ASKED
    finally:
        room.off("participant_disconnected", left)
        room.off("disconnected", disconnected)
        for task in (being, asked):
            task.cancel()
        await asyncio.gather(being, asked, return_exceptions=True)
        await stay.aclose()
        for topic in IGNORED_TEXTS:
            room.unregister_text_stream_handler(topic)
        for topic in IGNORED_BYTES:
            room.unregister_byte_stream_handler(topic)


class Stay:
    """The face of one agent in one room."""

    def __init__(self, room: rtc.Room, stage: Stage, options: FaceOptions) -> None:
        self._room, self._stage, self._options = room, stage, options
        self.agent = room.local_participant.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF) or None
        """identity of the agent; None while it is not known"""
        self._runner: SplatRunner | None = None

    async def be(self) -> None:
        """Say what the agent sends until it sends nothing any more. Raises RoomError."""
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT if self.agent is None else None
        coming = utils.wait_for_participant(self._room, identity=self.agent, kind=kind)
        try:
            self.agent = (await asyncio.wait_for(coming, COMING)).identity
        except (asyncio.TimeoutError, RuntimeError):
            raise RoomError(f"no agent came into the room in {COMING:g} s.") from None
        receiver = DataStreamAudioReceiver(self._room, sender_identity=self.agent)
        self._runner = SplatRunner(self._room, receiver, self._stage, self._options)
        try:
            await self._runner.start()
            LOG.info("the face of %s", printable(self.agent))
            await self._runner.wait()
        except (PublishTrackError, UnpublishTrackError) as error:
            raise RoomError(
                f"the face cannot be published in the room ({printable(error)}); its token has to allow that."
            ) from None
        except (rtc.RpcError, rtc.StreamError) as error:
            raise RoomError(f"the agent cannot be reached any more: {printable(error)}") from None

    async def aclose(self) -> None:
        """Take the face away."""
        if self._runner is not None:
            await self._runner.aclose()


async def _leave(room: rtc.Room, joining: asyncio.Task[None]) -> None:
    """Leave a room as soon as it is joined, if it ever is."""
    with suppress(rtc.ConnectError):
        await joining
        await room.disconnect()


def _ignore(reader: object, identity: str) -> None:
    """Agents send it to everybody; without somebody who takes it every one of them would be a line in the log."""

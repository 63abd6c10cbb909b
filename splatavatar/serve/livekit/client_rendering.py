"""Faces in place of pictures, for those in a room who draw the avatar themselves.

A page that can says so by the attribute ``splatavatar.draws`` = "1" of its participant. It asks for the avatar by the
RPC ``splatavatar.avatar``, whose answer is JSON with ``size`` and ``sha256`` of the file; the file itself follows as a
byte stream of the topic ``splatavatar.avatar``. Faces are lossy data packets of the topic ``splatavatar.face``, one
message of ``viewer/protocol.py`` each, whose time is seconds on the clock of the sound that is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from contextlib import suppress
from typing import Any

from livekit import rtc

from splatavatar.drive.signal import FaceSignal
from splatavatar.printable import printable
from splatavatar.viewer.protocol import encode

LOG = logging.getLogger("splatavatar")
FACES, AVATAR = "splatavatar.face", "splatavatar.avatar"
DRAWS = "splatavatar.draws"
OFFERED = "splatavatar.face"
"""attribute of who sends faces"""
PATIENCE = 5.0
"""seconds in which the offer has been taken back"""
MOST_TRANSFERS = 8
"""avatars on their way at a time"""


class ClientRendering:
    """Who draws the avatar, who watches it, and what goes to the former."""

    def __init__(self, room: rtc.Room, content: bytes) -> None:
        """``content``: the bytes of the avatar's file."""
        self._room, self._content = room, content
        self._digest = hashlib.sha256(content).hexdigest()
        self._drawers: list[str] = []
        self._watched = False
        self._sequence = 0
        self._sending: asyncio.Task[None] | None = None
        self._transfers: dict[str, asyncio.Task[None]] = {}

    @property
    def watched(self) -> bool:
        """Whether somebody is there who needs pictures."""
        return self._watched

    async def start(self) -> None:
        """Offer faces, and watch who comes, goes and draws."""
        for event in ("participant_connected", "participant_disconnected", "participant_attributes_changed"):
            self._room.on(event, self._look)
        self._room.local_participant.register_rpc_method(AVATAR, self._asked)
        try:
            await self._room.local_participant.set_attributes({OFFERED: "1"})
        except Exception as error:
            LOG.warning("the token does not allow to say that faces are sent (%s); pages show the video", error)
        self._look()

    async def aclose(self) -> None:
        """Offer nothing any more."""
        for event in ("participant_connected", "participant_disconnected", "participant_attributes_changed"):
            self._room.off(event, self._look)
        self._room.local_participant.unregister_rpc_method(AVATAR)
        if self._room.isconnected():
            with suppress(Exception):  # of LiveKit: who may not say it has not said it before
                await asyncio.wait_for(self._room.local_participant.set_attributes({OFFERED: ""}), PATIENCE)
        tasks = [*self._transfers.values(), *([] if self._sending is None else [self._sending])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, signal: FaceSignal, time: float) -> None:
        """Send a face that belongs to ``time``, seconds on the clock of the sound, where it can go at once."""
        if not self._drawers or (self._sending is not None and not self._sending.done()):
            return
        self._sequence += 1
        self._sending = asyncio.create_task(self._publish(encode(signal, self._sequence, time)))

    async def _publish(self, message: bytes) -> None:
        try:
            await self._room.local_participant.publish_data(
                message, reliable=False, topic=FACES, destination_identities=list(self._drawers)
            )
        except Exception as error:
            LOG.debug("a face was not sent: %s", error)

    def _look(self, *_: Any) -> None:
        """See who is there. Agents, such as the one whose face this is, look at nobody."""
        people = [
            one
            for one in self._room.remote_participants.values()
            if one.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        ]
        self._drawers = [one.identity for one in people if one.attributes.get(DRAWS) == "1"]
        self._watched = len(self._drawers) < len(people)

    def _asked(self, data: rtc.RpcInvocationData) -> str:
        """Somebody asks for the avatar."""
        who = data.caller_identity
        if who in self._transfers:
            raise rtc.RpcError(429, "the avatar is on its way already.")
        if len(self._transfers) >= MOST_TRANSFERS:
            raise rtc.RpcError(429, "too many ask for the avatar; ask again in a few seconds.")
        task = asyncio.create_task(self._transfer(who))
        self._transfers[who] = task
        task.add_done_callback(lambda _: self._transfers.pop(who, None))
        return json.dumps({"size": len(self._content), "sha256": self._digest})

    async def _transfer(self, who: str) -> None:
        try:
            writer = await self._room.local_participant.stream_bytes(
                "avatar", total_size=len(self._content), topic=AVATAR, destination_identities=[who]
            )
            await writer.write(self._content)
            await writer.aclose()
        except Exception as error:
            LOG.warning("the avatar did not reach %s: %s", printable(who), error)

"""The WebSocket of one person in a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from splatavatar.errors import SignalError
from splatavatar.viewer.guard import TOKEN
from splatavatar.viewer.room.invitations import REFUSAL, Invitation
from splatavatar.viewer.room.messages import Join, read_relayed, read_said
from splatavatar.viewer.room.pace import Allowances
from splatavatar.viewer.room.room import FULL, IN_USE, MALFORMED, NOT_INVITED, SILENT, Member, Refused, Room

if TYPE_CHECKING:
    from fastapi import WebSocket

Content = TypeVar("Content")
WAIT = 10.0
"""seconds in which somebody who has connected takes a seat"""
MOST_CONNECTIONS = 4
"""of one invitation: one that is in, and what a browser tries beside it"""
LONGEST_REASON = 123
"""bytes (RFC 6455, 5.5)"""
LOST = "the connection is lost"


class Gone(Exception):
    """The other end has closed the connection."""


def room_endpoint(room: Room) -> Callable[[WebSocket], Awaitable[None]]:
    """Lets people into ``room`` and hands on what they say."""
    connections: dict[Invitation, int] = {}

    async def endpoint(socket: WebSocket) -> None:
        room.attach()
        await socket.accept()
        invitation = room.invitations.holder(socket.scope.get(TOKEN))
        try:
            if invitation is None:
                raise Refused(NOT_INVITED, REFUSAL)
            if connections.get(invitation, 0) >= MOST_CONNECTIONS:
                raise Refused(FULL, IN_USE)
            connections[invitation] = connections.get(invitation, 0) + 1
            try:
                await _attend(room, invitation, socket)
            finally:
                connections[invitation] -= 1
        except Refused as refused:
            reason = refused.sentence.encode()[:LONGEST_REASON].decode(errors="ignore")
            with suppress(RuntimeError, OSError):  # it has gone meanwhile
                await socket.close(refused.code, reason)
        except (Gone, OSError, RuntimeError, asyncio.TimeoutError):
            with suppress(RuntimeError, OSError):
                await socket.close(1001)

    return endpoint


async def _attend(room: Room, invitation: Invitation, socket: WebSocket) -> None:
    """The stay of one person. Raises Refused or Gone when it ends."""
    allowances = Allowances()
    try:
        said = await asyncio.wait_for(_heard(socket, allowances), WAIT)
    except asyncio.TimeoutError:
        raise Refused(SILENT, "You were connected and said nothing.") from None
    if not isinstance(said, str):
        raise Refused(MALFORMED, "What comes first is a name and an avatar.")
    wanted = _read(read_said, said)
    if not isinstance(wanted, Join):
        raise Refused(MALFORMED, "What comes first is a name and an avatar.")
    member = room.join(invitation, wanted)
    reason = LOST
    tasks = [
        asyncio.create_task(_listen(room, member, socket, allowances)),
        asyncio.create_task(member.outbox.deliver(socket.send_text, socket.send_bytes)),
    ]
    waited: list[asyncio.Future[Any]] = [*tasks, member.refused]
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if member.refused.done():
            raise member.refused.result()
        for task in tasks:
            if task.done():
                task.result()
    except Refused as refused:
        reason = refused.sentence if refused.code == MALFORMED else ("" if refused.code < 4000 else "withdrawn")
        raise
    finally:
        room.leave(member, reason)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(room: Room, member: Member, socket: WebSocket, allowances: Allowances) -> None:
    """Hear one person out. Raises Refused or Gone."""
    while True:
        said = await _heard(socket, allowances)
        if isinstance(said, str):
            room.hear(member, _read(read_said, said))
        else:
            room.relay(member, _read(read_relayed, said))


async def _heard(socket: WebSocket, allowances: Allowances) -> str | bytes:
    """The next message. Raises Gone, and Refused for one that is more than may be said."""
    message = await socket.receive()
    if message["type"] != "websocket.receive":
        raise Gone
    text: str | None = message.get("text")
    content: bytes = message.get("bytes") or b""
    if not allowances.take(text is None, len(content if text is None else text)):
        raise Refused(MALFORMED, "You send more than a room takes.")
    return content if text is None else text


def _read(read: Callable[[Any], Content], said: str | bytes) -> Content:
    try:
        return read(said)
    except SignalError as error:
        raise Refused(MALFORMED, f"{error}") from error

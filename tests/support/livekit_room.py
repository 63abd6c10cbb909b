"""Rooms of LiveKit in one process, without a server: what its own classes ask of one, and what went through it.

Byte streams and RPC arrive in the order in which they are sent, as in LiveKit. What is published is not encoded.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc

AGENT, PERSON = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT, rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD


@dataclass
class Packet:
    """A data packet that somebody has got."""

    topic: str
    content: bytes
    reliable: bool


class Publication:
    """A track that somebody has published."""

    _numbers = itertools.count(1)

    def __init__(self, name: str, kind: Any, source: Any, heard: asyncio.Event) -> None:
        self.sid = f"TR_{next(self._numbers)}"
        self.name, self.kind, self.source = name, kind, source
        self.track: Any = None
        self.subscribed = True
        self._heard = heard

    async def wait_for_subscription(self) -> None:
        await self._heard.wait()


class Reader:
    """A byte stream as it arrives."""

    def __init__(self, topic: str, name: str, attributes: dict[str, str], size: int | None) -> None:
        self.info = rtc.ByteStreamInfo("s", "application/octet-stream", topic, 0, size, attributes, name)
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue()

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.chunks.get()
        if chunk is None:
            raise StopAsyncIteration
        return chunk


class Writer:
    """A byte stream as it is sent."""

    def __init__(self, readers: list[Reader], lose_end: bool) -> None:
        self._readers, self._lose_end = readers, lose_end

    async def write(self, content: bytes) -> None:
        for reader in self._readers:
            reader.chunks.put_nowait(bytes(content))

    async def aclose(self, **_: Any) -> None:
        for reader in self._readers if not self._lose_end else ():
            reader.chunks.put_nowait(None)


class Participant:
    """Somebody in a room, as they see themselves and as all others do."""

    def __init__(self, room: Room, identity: str, kind: Any, attributes: dict[str, str]) -> None:
        self._room = room
        self.identity, self.kind, self.attributes = identity, kind, attributes
        self.state = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
        self.track_publications: dict[str, Publication] = {}
        self._rpc_handlers: dict[str, Callable[[rtc.RpcInvocationData], Any]] = {}

    def register_rpc_method(self, method: str, handler: Callable[[rtc.RpcInvocationData], Any]) -> None:
        self._rpc_handlers[method] = handler

    def unregister_rpc_method(self, method: str) -> None:
        self._rpc_handlers.pop(method, None)

    async def perform_rpc(self, *, destination_identity: str, method: str, payload: str, **_: Any) -> str:
        await asyncio.sleep(self._room.meeting.delay)
        other = self._room.meeting.rooms.get(destination_identity)
        if other is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.RECIPIENT_NOT_FOUND, "Recipient not found")
        handler = other.local_participant._rpc_handlers.get(method)
        if handler is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "Method not supported at destination")
        said = handler(rtc.RpcInvocationData("r", self.identity, payload, 10.0, method))
        return str(await said if inspect.isawaitable(said) else said)

    async def stream_bytes(
        self,
        name: str,
        *,
        total_size: int | None = None,
        attributes: dict[str, str] | None = None,
        destination_identities: list[str] | None = None,
        topic: str = "",
        **_: Any,
    ) -> Writer:
        await asyncio.sleep(self._room.meeting.delay)
        readers = []
        for room in self._room.others(destination_identities):
            handler = room.byte_streams.get(topic)
            if handler is not None:
                reader = Reader(topic, name, dict(attributes or {}), total_size)
                readers.append(reader)
                handler(reader, self.identity)
        return Writer(readers, self._room.meeting.lose_ends)

    async def publish_data(
        self, payload: bytes, *, reliable: bool = True, destination_identities: list[str] | None = None, topic: str = ""
    ) -> None:
        for room in self._room.others(destination_identities or None):
            room.packets.append(Packet(topic, payload, reliable))

    async def publish_track(self, track: Any, options: Any) -> Publication:
        publication = Publication(track.name, track.kind, options.source, self._room.meeting.heard)
        self.track_publications[publication.sid] = publication
        self._room.tell("track_published", publication, self)
        return publication

    async def unpublish_track(self, sid: str) -> None:
        self._room.tell("track_unpublished", self.track_publications.pop(sid), self)

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.attributes.update(attributes)
        self._room.tell("participant_attributes_changed", attributes, self)

    @property
    def tracks(self) -> list[str]:
        """Names of what is published."""
        return [publication.name for publication in self.track_publications.values()]


class Room(rtc.EventEmitter[str]):
    """A room as one of its participants has it."""

    def __init__(self, meeting: Meeting, identity: str, kind: Any, attributes: dict[str, str]) -> None:
        super().__init__()
        self.meeting, self.name = meeting, "meeting"
        self.local_participant = Participant(self, identity, kind, attributes)
        self.byte_streams: dict[str, Callable[[Reader, str], None]] = {}
        self.text_streams: dict[str, Any] = {}
        self.packets: list[Packet] = []

    def isconnected(self) -> bool:
        return self.meeting.rooms.get(self.local_participant.identity) is self

    @property
    def remote_participants(self) -> dict[str, Participant]:
        return {room.local_participant.identity: room.local_participant for room in self.others(None)}

    def others(self, identities: list[str] | None) -> list[Room]:
        """The rooms of all others, or of those."""
        rooms = self.meeting.rooms
        return [one for name, one in rooms.items() if one is not self and (identities is None or name in identities)]

    def tell(self, event: str, *what: Any) -> None:
        """Have all others know something."""
        for room in self.others(None):
            room.emit(event, *what)

    def register_byte_stream_handler(self, topic: str, handler: Any) -> None:
        assert topic not in self.byte_streams
        self.byte_streams[topic] = handler

    def unregister_byte_stream_handler(self, topic: str) -> None:
        self.byte_streams.pop(topic, None)

    def register_text_stream_handler(self, topic: str, handler: Any) -> None:
        self.text_streams[topic] = handler

    def unregister_text_stream_handler(self, topic: str) -> None:
        self.text_streams.pop(topic, None)

    async def disconnect(self) -> None:
        """Leave."""
        if self.isconnected():
            others = self.others(None)
            del self.meeting.rooms[self.local_participant.identity]
            for room in others:
                room.emit("participant_disconnected", self.local_participant)
            self.emit("connection_state_changed", rtc.ConnectionState.CONN_DISCONNECTED)
            self.emit("disconnected", None)


@dataclass
class Meeting:
    """Who is in a room."""

    rooms: dict[str, Room] = field(default_factory=dict)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """set once somebody hears what is published"""
    lose_ends: bool = False
    """whether the ends of byte streams get lost"""
    delay: float = 0.0
    """seconds that a byte stream or a call takes to begin"""

    def join(self, identity: str, kind: Any = PERSON, attributes: dict[str, str] | None = None) -> Any:
        """Come in; the room, which stands for an ``rtc.Room``."""
        room = Room(self, identity, kind, dict(attributes or {}))
        self.rooms[identity] = room
        room.tell("participant_connected", room.local_participant)
        room.tell("participant_active", room.local_participant)
        if kind == PERSON:
            self.heard.set()
        return room

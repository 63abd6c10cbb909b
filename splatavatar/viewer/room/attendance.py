"""A Python member's stay in a room, in an event loop."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from splatavatar.errors import RoomError, SignalError
from splatavatar.viewer.protocol import TICKS, decode, is_newer
from splatavatar.viewer.room.app import SOCKET, UPLOAD
from splatavatar.viewer.room.link import RoomLink, absent
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.messages import (
    FACE,
    LONGEST_TEXT,
    SOUND,
    TIME,
    VERSION,
    Person,
    Relayed,
    parse,
    read_relayed,
    text,
    truth,
    whole,
)
from splatavatar.viewer.room.moments import Moments
from splatavatar.viewer.room.opus import OpusDecoder, OpusEncoder
from splatavatar.viewer.room.outbox import Outbox, TooSlow
from splatavatar.viewer.room.peer import BEHIND, Peer
from splatavatar.viewer.room.voice import OwnVoice

PATIENCE = 20.0
"""seconds until one is in"""
SAYS = 0.005
"""seconds between two looks for sound that is due"""
OTHER_VERSION = "the server of the room sends what this version does not know."


@dataclass
class _Other:
    """Somebody else, and how they are reached."""

    person: Person
    peer: Peer | None
    moments: Moments
    sequence: int | None = None
    decoder: OpusDecoder | None = None


class Attendance:
    """One stay, from taking a seat to leaving it. All methods belong to one event loop."""

    def __init__(
        self, link: RoomLink, name: str, direct: bool, listener: RoomListener, clock: Callable[[], float]
    ) -> None:
        self._link, self._name, self._listener, self._clock = link, name, listener, clock
        self._direct = direct and find_spec("aiortc") is not None
        self._outbox = Outbox()
        self._voice = OwnVoice()
        self._encoder: OpusEncoder | None = None
        self._others: dict[int, _Other] = {}
        self.began = clock()
        """0 of the times that others are told"""
        self._asked = False
        self._ice: list[dict[str, Any]] = []
        self.you: Person | None = None
        """None before one is in"""

    @property
    def people(self) -> list[tuple[Person, bool]]:
        """Everybody else, and whether they are reached directly; for any thread."""
        return [(other.person, _direct(other)) for other in list(self._others.values())]

    async def stay(self, avatar: bytes, entered: Callable[[], None]) -> None:
        """Take a seat, call ``entered``, and stay until ``leave``. Raises RoomError."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidHandshake

        context = await asyncio.to_thread(self._link.context)
        answer = await asyncio.to_thread(self._link.put, UPLOAD, avatar, context)
        try:
            sha256 = text(parse(answer.decode(errors="replace")).get("sha256"), "sha256")
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error
        join = {"type": "join", "version": VERSION, "name": self._name, "avatar": sha256, "kind": "program"}
        try:
            async with connect(
                self._link.address("ws", SOCKET),
                ssl=context,
                compression=None,
                proxy=None,
                max_size=LONGEST_TEXT,
                open_timeout=PATIENCE,
                close_timeout=1,
            ) as socket:
                try:
                    await socket.send(json.dumps(join))
                    await self._meet(socket, entered)
                except ConnectionClosed as error:
                    if error.rcvd is None or error.rcvd.code != 1000:
                        reason = error.rcvd.reason if error.rcvd is not None else ""
                        raise RoomError(reason or "the connection with the room is lost.") from error
        except InvalidHandshake as error:
            raise RoomError("the room lets nobody in by this link (any more).") from error
        except (OSError, asyncio.TimeoutError) as error:
            raise absent(error) from error

    async def _meet(self, socket: Any, entered: Callable[[], None]) -> None:
        welcome = self._parsed(await asyncio.wait_for(socket.recv(), PATIENCE))
        await self._welcome(welcome)
        tasks = [
            asyncio.create_task(self._listen(socket)),
            asyncio.create_task(self._outbox.deliver(socket.send, socket.send)),
            asyncio.create_task(self._speak()),
        ]
        entered()
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            closing = [other.peer.close() for other in self._others.values() if other.peer is not None]
            self._others.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), 5)

    def show(self, message: bytes) -> None:
        """Send a face, of 80 bytes, to everybody."""
        seats = 0
        for other in self._others.values():
            if other.peer is not None and other.peer.connected:
                other.peer.send_face(message)
            else:
                seats |= 1 << other.person.seat
        if seats:
            self._outbox.face(0, Relayed(FACE, seats, message).bytes())

    def say(self, samples: Any, at: float | None) -> None:
        """Have (n,) samples heard from ``at`` on; see ``OwnVoice.say``."""
        if not self._asked:
            self.mute(False)
        self._voice.say(samples, at, self._clock())

    def mute(self, muted: bool) -> None:
        """Say whether one is muted; who has never said so is until they speak."""
        self._asked = True
        if self.you is not None:
            self.you = replace(self.you, muted=muted)
        self._tell({"type": "mute", "muted": muted})

    def leave(self) -> None:
        """Go."""
        self._tell({"type": "leave"})

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(SAYS)
            now = self._clock()
            for at, piece in [*self._voice.due(now), *self._voice.rest(now)]:
                if self.you is None or self.you.muted:
                    continue
                seats = 0
                for other in self._others.values():
                    if other.peer is not None and other.peer.connected:
                        other.peer.send_sound(piece, at)
                    else:
                        seats |= 1 << other.person.seat
                if seats:
                    self._encoder = self._encoder or OpusEncoder()
                    milliseconds = round(max(at - self.began, 0.0) * 1000) % TICKS
                    for packet in self._encoder.encode(piece):
                        content = struct.pack("<I", milliseconds) + packet
                        self._outbox.sound(0, Relayed(SOUND, seats, content).bytes())

    async def _listen(self, socket: Any) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                self._relayed(message)
            else:
                await self._told(self._parsed(message))

    def _relayed(self, content: bytes) -> None:
        try:
            message = read_relayed(content)
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error
        other = next((other for other in self._others.values() if other.person.seat == message.seats), None)
        if other is None:
            return
        if message.kind == FACE:
            self._face(other, message.content)
            return
        other.decoder = other.decoder or OpusDecoder()
        moment = struct.unpack_from("<I", message.content)[0] / 1000
        with suppress(SignalError):  # of one packet of somebody; what is missing is silent
            samples = other.decoder.decode(message.content[TIME:])
            self._listener.sound(other.person, samples, moment)

    def _face(self, other: _Other, content: bytes) -> None:
        try:
            signal, sequence = decode(content)
        except SignalError:
            return
        if other.sequence is not None and not is_newer(sequence, other.sequence):
            return
        other.sequence = sequence
        other.moments.see(signal.time, self._clock())
        self._listener.face(other.person, signal)

    def _sound(self, other: _Other, samples: Any) -> None:
        arriving = other.moments.at(self._clock())
        if not other.person.muted and arriving is not None:
            self._listener.sound(other.person, samples, arriving - BEHIND)

    async def _told(self, table: dict[str, Any]) -> None:
        try:
            kind = table.get("type")
            if kind == "joined":
                self._add(_person(table.get("person")))
            elif kind == "left":
                other = self._others.pop(whole(table.get("id"), "id"), None)
                if other is not None:
                    self._listener.left(other.person, text(table.get("reason", ""), "reason"))
                    if other.peer is not None:
                        await other.peer.close()
            elif kind == "muted":
                other = self._others.get(whole(table.get("id"), "id"))
                if other is not None:
                    other.person = replace(other.person, muted=truth(table.get("muted"), "muted"))
                    self._listener.changed(other.person)
            elif kind == "peer":
                other = self._others.get(whole(table.get("from"), "from"))
                data = table.get("data")
                if other is not None and other.peer is not None and isinstance(data, dict):
                    other.peer.take(data)
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error

    async def _welcome(self, table: dict[str, Any]) -> None:
        try:
            if table.get("type") != "welcome":
                raise SignalError("no welcome.")
            people, ice = table.get("people"), table.get("ice")
            if not isinstance(people, list) or not isinstance(ice, list):
                raise SignalError("no people.")
            you, seat = whole(table.get("you"), "you"), whole(table.get("seat"), "seat")
            self.you = Person(you, seat, self._name, "", True, "program", "")
            self._ice = [
                {name: text(server[name], name) for name in ("urls", "username", "credential") if name in server}
                for server in ice
                if isinstance(server, dict) and "urls" in server
            ]
            for person in map(_person, people):
                if person.id != you:
                    self._add(person)
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error

    def _add(self, person: Person) -> None:
        if self.you is None or person.id in self._others or person.id == self.you.id:
            return
        other = _Other(person, None, Moments())
        self._others[person.id] = other
        self._listener.joined(person)
        if self._direct:
            other.peer = Peer(
                self.you.id < person.id,
                self._ice,
                lambda data: self._tell({"type": "peer", "to": person.id, "data": data}),
                lambda message: self._face(other, message),
                lambda samples: self._sound(other, samples),
            )

    def _tell(self, message: dict[str, Any]) -> None:
        with suppress(TooSlow):
            self._outbox.text(json.dumps(message))

    def _parsed(self, message: str | bytes) -> dict[str, Any]:
        try:
            return parse(text(message, "a message"))
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error


def _direct(other: _Other) -> bool:
    return other.peer is not None and other.peer.connected


def _person(value: Any) -> Person:
    if not isinstance(value, dict):
        raise SignalError("a message without a person.")
    return Person(
        whole(value.get("id"), "id"),
        whole(value.get("seat"), "seat"),
        text(value.get("name"), "name"),
        text(value.get("avatar"), "avatar"),
        truth(value.get("muted"), "muted"),
        text(value.get("kind"), "kind"),
        text(value.get("notice", ""), "notice"),
    )

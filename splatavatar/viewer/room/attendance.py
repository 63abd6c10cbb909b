"""A Python member's stay in a room, in an event loop."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from time import monotonic
from typing import Any

from splatavatar.errors import RoomError, SignalError
from splatavatar.viewer.protocol import TICKS, decode, is_newer
from splatavatar.viewer.room.link import PATIENCE, RoomLink
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.messages import (
    FACE,
    SOUND,
    TIME,
    Person,
    Relayed,
    parse,
    read_relayed,
    text,
    truth,
    whole,
)
from splatavatar.viewer.room.moments import Moments
from splatavatar.viewer.room.opus import AHEAD, RATE, OpusDecoder, OpusEncoder, level
from splatavatar.viewer.room.outbox import Outbox, TooSlow
from splatavatar.viewer.room.peer import BEHIND, Peer
from splatavatar.viewer.room.returning import Returning
from splatavatar.viewer.room.visit import OTHER_VERSION, Visit
from splatavatar.viewer.room.voice import OwnVoice

PARTING = 2.0
"""seconds in which a server lets somebody go who leaves"""
SAYS = 0.005
"""seconds between two looks for sound that is due"""
GONE = "the connection is lost"


@dataclass
class _Other:
    """Somebody else, and how they are reached."""

    person: Person
    peer: Peer | None
    moments: Moments
    sequence: int | None = None
    decoder: OpusDecoder | None = None


class Attendance:
    """One stay, from taking a seat to leaving it, however often the connection goes meanwhile.

    All methods belong to one event loop.
    """

    def __init__(
        self, link: RoomLink, name: str, direct: bool, listener: RoomListener, clock: Callable[[], float]
    ) -> None:
        self._link, self._name, self._listener, self._clock = link, name, listener, clock
        self._direct = direct and find_spec("aiortc") is not None
        self._listens = getattr(listener.sound, "__func__", None) is not RoomListener.sound
        self._outbox = Outbox()
        self._voice = OwnVoice()
        self._encoder: OpusEncoder | None = None
        self._others: dict[int, _Other] = {}
        self._closing: list[asyncio.Future[None]] = []
        self.began = clock()
        """0 of the times that others are told"""
        self._asked = False
        self._muted = True
        self._over = asyncio.Event()
        self._ice: list[dict[str, Any]] = []
        self.you: Person | None = None
        """None while one is not in"""

    @property
    def people(self) -> list[tuple[Person, bool]]:
        """Everybody else, and whether they are reached directly; for any thread."""
        return [(other.person, _direct(other)) for other in list(self._others.values())]

    async def stay(self, avatar: bytes, entered: Callable[[], None]) -> None:
        """Take a seat, call ``entered``, and stay until ``leave``; where the connection goes, come back.

        Raises RoomError where one cannot come in, or not come back.
        """
        tasks = [
            asyncio.create_task(self._visits(Visit(self._link, self._name, avatar), entered)),
            asyncio.create_task(self._speak()),
            asyncio.create_task(self._over.wait()),
        ]
        try:
            await _first_of(tasks)
        finally:
            self._others.clear()

    async def _visits(self, visit: Visit, entered: Callable[[], None]) -> None:
        returning, been = Returning(), False

        def welcomed() -> None:
            nonlocal been
            returning.is_in()
            if been:
                self._listener.returned()
            else:
                entered()
            been = True

        while True:
            try:
                await visit.make(lambda socket: self._meet(socket, welcomed))
                return
            except RoomError as error:
                was_in, self.you = self.you is not None, None
                wait = returning.wait(error, monotonic())
                if was_in:
                    self._part()
                    self._listener.lost(str(error))
            await asyncio.sleep(wait)

    def _part(self) -> None:
        others = list(self._others.values())
        self._others.clear()
        for other in others:
            self._listener.left(other.person, GONE)

    async def _meet(self, socket: Any, welcomed: Callable[[], None]) -> None:
        self._outbox = Outbox()
        await self._welcome(self._parsed(await asyncio.wait_for(socket.recv(), PATIENCE)))
        if not self._muted:
            self._tell({"type": "mute", "muted": False})
        welcomed()
        try:
            await _first_of(
                [
                    asyncio.create_task(self._listen(socket)),
                    asyncio.create_task(self._outbox.deliver(socket.send, socket.send)),
                ]
            )
        finally:
            closing = [other.peer.close() for other in self._others.values() if other.peer is not None]
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*closing, *self._closing, return_exceptions=True), 5)

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
        self._asked, self._muted = True, muted
        self._tell({"type": "mute", "muted": muted})

    def leave(self) -> None:
        """Go."""
        if self.you is None:
            self._over.set()
        else:
            self._tell({"type": "leave"})
            asyncio.get_running_loop().call_later(PARTING, self._over.set)

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(SAYS)
            now = self._clock()
            for at, piece in [*self._voice.due(now), *self._voice.rest(now)]:
                if self._muted or not self._others:
                    continue
                self._encoder = self._encoder or OpusEncoder()
                for packet in self._encoder.encode(piece):
                    self._send_sound(packet, at - AHEAD / RATE, level(piece))

    def _send_sound(self, packet: bytes, at: float, loudness: int) -> None:
        seats = 0
        for other in self._others.values():
            if other.peer is not None and other.peer.connected:
                other.peer.send_sound(packet, at, loudness)
            else:
                seats |= 1 << other.person.seat
        if seats:
            milliseconds = round(max(at - self.began, 0.0) * 1000) % TICKS
            self._outbox.sound(0, Relayed(SOUND, seats, struct.pack("<I", milliseconds) + packet).bytes())

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
        if not self._listens:  # and needs no package that decodes
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
                        # Not waited for: what the others say is to be heard meanwhile.
                        self._closing.append(asyncio.ensure_future(other.peer.close()))
                        self._closing = [one for one in self._closing if not one.done()]
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
        if self.you is None:
            return
        with suppress(TooSlow):
            self._outbox.text(json.dumps(message))

    def _parsed(self, message: str | bytes) -> dict[str, Any]:
        try:
            return parse(text(message, "a message"))
        except SignalError as error:
            raise RoomError(OTHER_VERSION) from error


async def _first_of(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait until one of them is done, and end the rest. Raises what it has raised."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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

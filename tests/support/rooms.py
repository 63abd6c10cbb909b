"""A room in this process, and people in it who speak the bare protocol."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_and_wait

from splatavatar.drive.signal import FaceSignal
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room.app import AVATARS, SOCKET, UPLOAD, create_room_app
from splatavatar.viewer.room.messages import FACE, LONGEST_TEXT, Relayed
from splatavatar.viewer.room.outbox import ALIVE
from splatavatar.viewer.room.room import Room
from splatavatar.viewer.server import listen, serving
from splatavatar.viewer.site import SiteFile

SITE = {"room.html": SiteFile("text/html", b"<p>room</p>", b"", False)}
Answer = tuple[int, str, bytes]
ALL = 255
"""the seats of a message for everybody"""


@contextmanager
def running(room: Room, site: Mapping[str, SiteFile] = SITE, port: int = 0) -> Iterator[int]:
    """The port of a server of ``room``."""
    with listen(port) as listening, serving(create_room_app(site, room), listening, None, LONGEST_TEXT):
        yield listening.getsockname()[1]


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """Status, media type and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.getheader("content-type") or "", answer.read()
    connection.close()
    return found


def token(room: Room, number: int) -> str:
    return room.invitations[number].token.text


def hand_over(port: int, room: Room, number: int, content: bytes) -> Answer:
    return ask(port, "PUT", f"{UPLOAD}?token={token(room, number)}", content)


def fetch(port: int, room: Room, number: int, sha256: str) -> Answer:
    return ask(port, "GET", f"{AVATARS}{sha256}?token={token(room, number)}")


class Guest:
    """Somebody at the table."""

    def __init__(self, socket: ClientConnection, welcome: dict[str, Any]) -> None:
        self.socket, self.welcome = socket, welcome
        self.id, self.seat = welcome["you"], welcome["seat"]

    async def say(self, **table: Any) -> None:
        await self.socket.send(json.dumps(table))

    async def told(self) -> dict[str, Any]:
        """The next message in JSON that tells something; those of other kinds are passed over."""
        while True:
            message = await asyncio.wait_for(self.socket.recv(), 20)
            if isinstance(message, str) and message != ALIVE:
                return dict(json.loads(message))

    async def relayed(self) -> bytes:
        """The next binary message."""
        while True:
            message = await asyncio.wait_for(self.socket.recv(), 20)
            if isinstance(message, bytes):
                return message

    async def leave(self) -> None:
        await self.say(type="leave")
        await self.socket.wait_closed()


def address(port: int, room: Room, number: int) -> str:
    return f"ws://127.0.0.1:{port}{SOCKET}?token={token(room, number)}"


@contextmanager
def send_faces(
    port: int, room: Room, numbers: Iterable[int], content: bytes, face: Callable[[int, int], FaceSignal], fps: float
) -> Iterator[None]:
    """Seat a program by each of the invitations ``numbers``; they show faces while the block lasts.

    ``content`` is the avatar of all, ``face(number, frame)`` what one of them shows.
    """
    over = threading.Event()

    def sit(number: int) -> None:
        status, _, body = hand_over(port, room, number, content)
        assert status == 200, body
        join = {"type": "join", "version": 1, "name": f"{number}", "kind": "program"}
        with connect_and_wait(address(port, room, number)) as socket:
            socket.send(json.dumps({**join, "avatar": json.loads(body)["sha256"]}))
            for frame in itertools.count():
                if over.wait(1 / fps):
                    return
                socket.send(Relayed(FACE, ALL, encode(face(number, frame), frame, frame / fps)).bytes())
                with suppress(TimeoutError):
                    while True:
                        socket.recv(timeout=0)

    seated = [threading.Thread(target=sit, args=(number,)) for number in numbers]
    for thread in seated:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in seated:
            thread.join()


async def enter(port: int, room: Room, number: int, content: bytes, name: str = "", **more: Any) -> Guest:
    """Take a seat by the invitation ``number``."""
    status, _, body = await asyncio.to_thread(hand_over, port, room, number, content)
    assert status == 200, body
    sha256 = json.loads(body)["sha256"]
    socket = await connect(address(port, room, number), compression=None)
    join = {"type": "join", "version": 1, "name": name or f"Guest {number}", "avatar": sha256, "kind": "page"}
    await socket.send(json.dumps({**join, **more}))
    try:
        welcome = json.loads(await asyncio.wait_for(socket.recv(), 20))
    except ConnectionClosed:
        raise closed(socket) from None
    return Guest(socket, welcome)


class Closed(Exception):
    """How the server has closed a connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def closed(socket: ClientConnection) -> Closed:
    return Closed(socket.close_code or 0, socket.close_reason or "")


async def outcome(socket: ClientConnection) -> tuple[int, str]:
    """Wait until the server closes; its code and reason."""
    await asyncio.wait_for(socket.wait_closed(), 20)
    return socket.close_code or 0, socket.close_reason or ""

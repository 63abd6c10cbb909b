"""Messages that are nearly right, and many of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import numpy as np
import pytest
from websockets.asyncio.client import connect

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SignalError
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room.messages import FACE, SOUND, Join, Leave, Relayed, read_relayed, read_said
from splatavatar.viewer.room.room import Room
from support.rooms import Guest, address, enter, outcome, running

FACE_MESSAGE = encode(FaceSignal.neutral(jawOpen=0.5), 7, 1.0)
SHA256 = "0" * 64
RIGHT: list[str | bytes] = [
    Relayed(FACE, 3, FACE_MESSAGE).bytes(),
    Relayed(SOUND, 3, bytes(4) + bytes(range(60))).bytes(),
    json.dumps({"type": "join", "version": 1, "name": "Ann", "avatar": SHA256, "kind": "page"}),
    json.dumps({"type": "peer", "to": 1, "data": {"description": {"type": "offer", "sdp": "v=0"}}}),
    json.dumps({"type": "peer", "to": 2, "data": {"candidate": {"candidate": "candidate:1", "sdpMid": "0"}}}),
    json.dumps({"type": "mute", "muted": True}),
    json.dumps({"type": "leave"}),
]
STRANGE = (
    b"",
    b"\x00",
    b"\xff" * 5,
    b"null",
    b"1e999",
    b"-1",
    b'"',
    b"[[[[",
    b'{"a":',
    b"\xf0\x9f\x98\x80",
    b"\\ud800",
)


def mutated(rng: np.random.Generator) -> str | bytes:
    """A right message with some bytes changed, left out, doubled or put in."""
    right = RIGHT[int(rng.integers(len(RIGHT)))]
    content = bytearray(right.encode() if isinstance(right, str) else right)
    for _ in range(int(rng.integers(1, 4))):
        at, kind = int(rng.integers(len(content) + 1)), int(rng.integers(4))
        if kind == 0 and at < len(content):
            content[at] = int(rng.integers(256))
        elif kind == 1:
            del content[at : at + int(rng.integers(1, 9))]
        elif kind == 2:
            content[at:at] = STRANGE[int(rng.integers(len(STRANGE)))]
        else:
            content[at:at] = content[at : at + int(rng.integers(1, 40))]
    as_text = isinstance(right, str) != (rng.random() < 0.05)
    return content.decode(errors="replace") if as_text else bytes(content)


def test_a_mutated_message_is_read_or_refused_in_a_sentence() -> None:
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(20_000):
        message = mutated(rng)
        try:
            if isinstance(message, str):
                said = read_said(message)
                assert not isinstance(said, Join) or (1 <= len(said.name) <= 40 and said.name.isprintable())
            else:
                assert read_relayed(message).bytes() == message
        except SignalError as error:
            refused += 1
            assert len(str(error).encode()) < 123 and str(error).endswith(".")
    assert 5_000 < refused < 20_000


@pytest.mark.parametrize(
    "data",
    [
        '{"candidate": {"sdpMLineIndex": 1e999}}',
        '{"candidate": {"sdpMLineIndex": 0.5}}',
        '{"candidate": ' + '{"a": ' * 100 + "1" + "}" * 101,
        '{"description": {"type": "offer", "sdp": ["v=0"]}}',
        '{"description": "v=0"}',
        json.dumps({"description": {"type": "offer", "sdp": "\u00e9" * 12_000}}, ensure_ascii=False),
    ],
    ids=["infinite", "no whole number", "deep", "list", "text", "longer when handed on"],
)
def test_an_introduction_that_others_could_not_read_ends_the_stay_of_who_sends_it(few: bytes, data: str) -> None:
    room = Room(2)

    async def introduced(port: int) -> None:
        ann, eve = [await enter(port, room, number, few) for number in (1, 2)]
        assert (await ann.told())["type"] == "joined"
        right = {"description": {"type": "offer", "sdp": "v=0"}, "candidate": {"candidate": "", "sdpMid": None}}
        await eve.say(type="peer", to=ann.id, data=right)
        await eve.socket.send(f'{{"type": "peer", "to": {ann.id}, "data": {data}}}')
        assert await ann.told() == {"type": "peer", "from": eve.id, "data": right}
        assert (await ann.told())["type"] == "left"
        assert await outcome(eve.socket)

    with running(room) as port:
        asyncio.run(introduced(port))


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No rate is too high."""
    monkeypatch.setattr("splatavatar.viewer.room.pace.Allowance.take", lambda *_: True)
    yield


def is_last(message: str | bytes, inside: bool) -> bool:
    """Whether the server closes the connection for it."""
    try:
        said = read_said(message) if isinstance(message, str) else read_relayed(message)
    except SignalError:
        return True
    return not inside or isinstance(said, Join | Leave)


async def bombard(port: int, room: Room, avatar: bytes, count: int, seed: int) -> int:
    """Send so many mutated messages, from in the room and before; the connections that were closed for it.

    Of those that end a connection nine in ten are passed over, for connections take their time.
    """
    rng, closed, sent = np.random.default_rng(seed), 0, 0
    while sent < count:
        inside = rng.random() < 0.7
        if inside:
            socket = (await enter(port, room, 3, avatar)).socket
        else:
            socket = await connect(address(port, room, 3), compression=None)
        last = False
        while sent < count and not last:
            message = mutated(rng)
            last = is_last(message, inside)
            if last and inside and rng.random() < 0.9:
                last = False
                continue
            sent += 1
            await socket.send(message)
        assert not last or await outcome(socket)
        closed += last
        await socket.close()
    return closed


async def attacked(port: int, room: Room, avatar: bytes, count: int) -> int:
    """Two people go on to see each other while a third sends nonsense; how often that one was closed."""
    ann, bob = [await enter(port, room, number, avatar) for number in (1, 2)]
    over = asyncio.Event()

    async def talk(one: Guest, other: Guest) -> int:
        exchanged = 0
        while not over.is_set():
            message = encode(FaceSignal.neutral(), exchanged, 0.1)
            await one.socket.send(bytes([1, 1 << other.seat]) + message)
            while await other.relayed() != bytes([1, one.seat]) + message:
                pass  # a face of the third one that happens to be right
            exchanged += 1
            await asyncio.sleep(0.02)
        return exchanged

    talking = [asyncio.create_task(talk(ann, bob)), asyncio.create_task(talk(bob, ann))]
    try:
        closed = await bombard(port, room, avatar, count, 11)
    finally:
        over.set()
    assert min(await asyncio.gather(*talking)) > 10
    assert {1, 2} <= {invitation.number for invitation, _ in room.people}
    return closed


def test_nonsense_ends_its_own_connection_and_nothing_else(few: bytes, unlimited: None) -> None:
    room = Room(3)
    with running(room) as port:
        assert asyncio.run(attacked(port, room, few, 2_000)) > 50


@pytest.mark.slow
def test_a_hundred_thousand_messages_of_nonsense(few: bytes, unlimited: None) -> None:
    room = Room(3)
    with running(room) as port:
        closed = asyncio.run(attacked(port, room, few, 100_000))
    print(f"100,000 mutated messages, {closed} connections closed for them")
    assert closed > 5_000

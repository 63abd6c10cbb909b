"""People in a room, over real connections to a real server."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.signal import FaceSignal
from splatavatar.trust.policy import notice_of
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room import endpoint, uploads
from splatavatar.viewer.room.app import MOST_COMING, UPLOAD
from splatavatar.viewer.room.room import Room
from support.rooms import (
    SITE,
    Closed,
    Guest,
    address,
    ask,
    enter,
    fetch,
    hand_over,
    outcome,
    running,
    token,
)


def face(number: int) -> bytes:
    return encode(FaceSignal.neutral(jawOpen=0.5), number, number / 30)


def relayed(seat: int, content: bytes, kind: int = 1) -> bytes:
    return bytes([kind, 1 << seat]) + content


def test_people_come_and_go_and_everybody_is_told(few: bytes) -> None:
    room = Room(3, [{"urls": "stun:stun.example"}])
    sha256 = hashlib.sha256(few).hexdigest()

    async def run(port: int) -> None:
        ann = await enter(port, room, 1, few, "Ann")
        assert ann.welcome["people"] == [] and ann.welcome["seats"] == 3
        assert ann.welcome["ice"] == [{"urls": "stun:stun.example"}]
        bob = await enter(port, room, 2, few, "  Bob\x07\n B. ", kind="program")
        person = {"id": bob.id, "seat": bob.seat, "name": "Bob B.", "avatar": sha256, "muted": True}
        person |= {"kind": "program", "notice": notice_of(load_avatar(DEMO))}
        assert await ann.told() == {"type": "joined", "person": person}
        assert [other["name"] for other in bob.welcome["people"]] == ["Ann"]
        assert bob.seat != ann.seat and bob.id > ann.id
        await bob.say(type="mute", muted=False)
        assert await ann.told() == {"type": "muted", "id": bob.id, "muted": False}
        await ann.say(type="peer", to=bob.id, data={"candidate": {"candidate": "x"}})
        said = {"type": "peer", "from": ann.id, "data": {"candidate": {"candidate": "x"}}}
        assert await bob.told() == said
        assert fetch(port, room, 3, sha256)[::2] == (200, few)
        await bob.leave()
        assert bob.socket.close_code == 1000
        assert await ann.told() == {"type": "left", "id": bob.id, "reason": ""}
        cleo = await enter(port, room, 3, few, "Cleo")
        assert cleo.seat == bob.seat and [name for _, name in names(room)] == ["Ann", "Cleo"]
        await ann.told()
        cleo.socket.transport.abort()
        assert await ann.told() == {"type": "left", "id": cleo.id, "reason": endpoint.LOST}

    with running(room) as port:
        asyncio.run(run(port))


def names(room: Room) -> list[tuple[int, str]]:
    return [(invitation.number, person.name) for invitation, person in room.people]


def test_faces_and_sound_go_to_the_seats_that_they_are_for(few: bytes) -> None:
    room = Room(3)

    async def run(port: int) -> None:
        ann, bob, cleo = [await enter(port, room, number, few) for number in (1, 2, 3)]
        await ann.socket.send(relayed(bob.seat, face(1)))
        assert await bob.relayed() == bytes([1, ann.seat]) + face(1)
        sound = bytes(4) + b"opus"
        # Who is muted is not heard.
        await ann.socket.send(relayed(cleo.seat, sound, 2))
        await ann.say(type="mute", muted=False)
        await ann.socket.send(relayed(cleo.seat, sound + b"!", 2))
        assert await cleo.relayed() == bytes([2, ann.seat]) + sound + b"!"
        # A mask may name oneself and seats where nobody is.
        await ann.socket.send(bytes([1, 255]) + face(2))
        assert await bob.relayed() == await cleo.relayed() == bytes([1, ann.seat]) + face(2)

    with running(room) as port:
        asyncio.run(run(port))


def test_who_never_reads_holds_up_nobody_and_then_gets_the_newest_face(few: bytes) -> None:
    room = Room(3)
    count = 3000

    async def run(port: int) -> None:
        ann, bob = [await enter(port, room, number, few) for number in (1, 2)]
        slow = await enter(port, room, 3, few)
        slow.socket.transport.pause_reading()
        both = 1 << bob.seat | 1 << slow.seat

        async def speak() -> None:
            for number in range(count):
                await ann.socket.send(bytes([1, both]) + face(number))
                if number % 5 == 0:
                    await asyncio.sleep(0.003)

        speaking = asyncio.create_task(speak())
        while await bob.relayed() != bytes([1, ann.seat]) + face(count - 1):
            pass
        await speaking
        slow.socket.transport.resume_reading()
        received = 0
        while await slow.relayed() != bytes([1, ann.seat]) + face(count - 1):
            received += 1
        assert received < count

    with pytest.MonkeyPatch.context() as patch, running(room) as port:
        patch.setattr("splatavatar.viewer.room.pace.Allowance.take", lambda *_: True)
        asyncio.run(run(port))


def test_nobody_else_gets_in_or_reads(few: bytes) -> None:
    room = Room(2)
    sha256 = hashlib.sha256(few).hexdigest()

    async def run(port: int) -> None:
        await enter(port, room, 1, few)
        for path in ("/room.html", "/", f"/room/avatars/{sha256}", "/room/avatars/", "/room/ws"):
            for query in ("", "?token=", "?token=wrong"):
                status, kind, body = await asyncio.to_thread(ask, port, "GET", path + query)
                assert (status, kind) == (403, "text/plain") and body.count(b"\n") == 1
        assert (await asyncio.to_thread(ask, port, "PUT", "/room/avatar?token=wrong", few))[0] == 403
        for query in ("", "?token=wrong"):
            with pytest.raises(InvalidStatus) as error:
                await connect(f"ws://127.0.0.1:{port}/room/ws{query}")
            assert error.value.response.status_code == 403
        with pytest.raises(InvalidStatus):
            await connect(address(port, room, 2), origin="https://evil.example")  # type: ignore[arg-type]
        assert (await asyncio.to_thread(ask, port, "GET", f"/?token={token(room, 2)}", host="evil.example"))[0] == 403

    with running(room) as port:
        assert ask(port, "GET", f"/room.html?token={token(room, 1)}")[::2] == (200, SITE["room.html"].content)
        asyncio.run(run(port))


def test_a_withdrawn_invitation(few: bytes) -> None:
    room = Room(3)
    sha256 = hashlib.sha256(few).hexdigest()

    async def run(port: int) -> None:
        ann, bob = [await enter(port, room, number, few) for number in (1, 2)]
        await ann.told()
        other = await enter(port, room, 3, few[:-1] + few[-1:])
        await ann.told()
        room.withdraw(bob_number := 2)
        assert await outcome(bob.socket) == (4403, "The host has withdrawn this invitation.")
        assert await ann.told() == {"type": "left", "id": bob.id, "reason": "withdrawn"}
        for status, _, body in (fetch(port, room, bob_number, sha256), hand_over(port, room, bob_number, few)):
            assert status == 403 and body == (room.invitations.refusal + "\n").encode()
        with pytest.raises(InvalidStatus):
            await connect(address(port, room, bob_number))
        # Somebody else may have the seat.
        invitation = room.invite()
        late = await enter(port, room, invitation.number, few)
        assert late.seat == bob.seat != other.seat

    with running(room) as port:
        asyncio.run(run(port))


def test_a_full_room_and_an_invitation_in_use(few: bytes) -> None:
    room = Room(2)
    extra = room.invite()

    async def run(port: int) -> None:
        ann = await enter(port, room, 1, few)
        with pytest.raises(Closed) as error:
            await enter(port, room, 1, few)
        assert error.value.code == 4409 and error.value.reason.startswith("This invitation is in use")
        early, late = extra.number, room.invite().number
        assert (await asyncio.to_thread(hand_over, port, room, early, few))[0] == 200
        await enter(port, room, 2, few)
        assert (await asyncio.to_thread(hand_over, port, room, late, few))[::2] == (409, b"The room is full.\n")
        async with connect(address(port, room, early)) as socket:
            await socket.send(json.dumps({**JOIN, "avatar": hashlib.sha256(few).hexdigest()}))
            assert await outcome(socket) == (4409, "The room is full.")
        await ann.leave()
        # The first one is gone: its invitation, and its seat, are free.
        await enter(port, room, 1, few)

    with running(room) as port:
        asyncio.run(run(port))


def test_avatars_are_checked_wholly_before_anybody_is_given_them(few: bytes) -> None:
    room = Room(2)
    with running(room) as port:
        broken = bytearray(few)
        broken[-100] ^= 1
        for content in (b"", b"no avatar", few[:-1], bytes(broken), b"PK\x03\x04" + bytes(100)):
            status, kind, body = hand_over(port, room, 1, content)
            assert status == 422 and kind.startswith("text/plain") and body.count(b"\n") == 1
            assert body.startswith(b"What was handed over is not an intact avatar: ")
            assert fetch(port, room, 2, hashlib.sha256(content).hexdigest())[0] == 404
        status, _, body = hand_over(port, room, 1, few)
        told = json.loads(body)
        assert status == 200 and told["sha256"] == hashlib.sha256(few).hexdigest()
        assert fetch(port, room, 2, told["sha256"])[::2] == (200, few)


def test_an_avatar_that_is_too_large(few: bytes) -> None:
    room = Room(2)
    sentence = b"The avatar is too large: this room takes files of up to 32 MiB.\n"
    with running(room) as port:
        path = f"/room/avatar?token={token(room, 1)}"
        # As it is announced, and as it turns out.
        assert ask(port, "PUT", path, None, content_length=str(1 << 40))[::2] == (413, sentence)
        assert ask(port, "PUT", path, bytes((32 << 20) + 1))[::2] == (413, sentence)


def test_avatars_go_with_their_people(few: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splatavatar.viewer.room.app.UNUSED", 0.5)
    room = Room(2)
    sha256 = hashlib.sha256(few).hexdigest()

    async def run(port: int) -> None:
        ann = await enter(port, room, 1, few)
        await asyncio.sleep(0.7)
        assert fetch(port, room, 2, sha256)[0] == 200
        # Handed over anew while the first connection is not yet given up.
        hand_over(port, room, 1, few)
        await ann.leave()
        assert fetch(port, room, 2, sha256)[0] == 200
        await asyncio.sleep(0.7)
        assert fetch(port, room, 2, sha256)[0] == 404

    with running(room) as port:
        asyncio.run(run(port))


def test_nobody_hands_over_avatars_without_end(few: bytes) -> None:
    room = Room(2)
    with running(room) as port:
        answers = [hand_over(port, room, 1, b"x") for _ in range(12)]
        assert answers[0][0] == 422 and answers[-1][::2] == (429, (uploads.TOO_MANY + "\n").encode())
        assert hand_over(port, room, 2, few)[0] == 200


def test_of_the_avatars_that_one_person_hands_over_at_once_few_are_held(few: bytes) -> None:
    room = Room(2)
    with running(room) as port, ExitStack() as open_lines:

        def begin(number: int) -> http.client.HTTPConnection:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            open_lines.callback(line.close)
            line.putrequest("PUT", f"{UPLOAD}?token={token(room, number)}")
            line.putheader("content-length", str(len(few)))
            line.endheaders(few[:-1])
            return line

        slow = [begin(1) for _ in range(MOST_COMING)]
        time.sleep(0.3)
        answer = begin(1).getresponse()
        assert (answer.status, answer.read()) == (429, (uploads.TOO_MANY + "\n").encode())
        assert hand_over(port, room, 2, few)[0] == 200
        slow[0].send(few[-1:])
        assert slow[0].getresponse().status == 200
        assert hand_over(port, room, 1, few)[0] == 200


JOIN = {"type": "join", "version": 1, "name": "Ann", "avatar": "0" * 64, "kind": "page"}


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("hello", "a text that is not JSON."),
        ("[]", "a message that is not a table."),
        (bytes(82), "What comes first is a name and an avatar."),
        ({"type": "leave"}, "What comes first is a name and an avatar."),
        ({"type": "dance"}, "a message of a type that no room knows."),
        ({**JOIN, "version": 2}, "a page or program of another version of rooms, expected 1."),
        ({**JOIN, "name": " \n"}, "a name that is not of 1 to 40 letters."),
        ({**JOIN, "name": "x" * 41}, "a name that is not of 1 to 40 letters."),
        ({**JOIN, "name": 7}, "a message without a text as name."),
        ({**JOIN, "avatar": "../x"}, "an avatar that is no SHA-256."),
        ({**JOIN, "kind": "dog"}, "neither a page nor a program."),
        (JOIN, "Hand over an avatar before you take a seat."),
    ],
)
def test_who_comes_in_wrongly_is_told_why(first: Any, reason: str) -> None:
    room = Room(2)

    async def run(port: int) -> None:
        async with connect(address(port, room, 1)) as socket:
            await socket.send(json.dumps(first) if isinstance(first, dict) else first)
            assert await outcome(socket) == (1008, reason)

    with running(room) as port:
        asyncio.run(run(port))


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("{", 1008, "a text that is not JSON."),
        (json.dumps(JOIN), 1008, "You have a seat already."),
        ('{"type":"mute","muted":1}', 1008, "a message without true or false as muted."),
        ('{"type":"peer","to":-1,"data":{}}', 1008, "a message without a whole number as to."),
        ('{"type":"peer","to":1,"data":[]}', 1008, "an introduction without a description or a candidate."),
        ('{"type":"peer","to":1,"data":{"candidate":NaN}}', 1008, "a text that is not JSON."),
        (b"", 1008, "a message of 0 bytes."),
        (b"\x01\xff" + bytes(79), 1008, "a message of 79 bytes, expected 80."),
        (b"\x01\xff" + bytes(80), 1008, "a message of version 0, expected 1."),
        (b"\x02\xff" + bytes(4), 1008, "sound of 0 bytes, expected 1 to 1024."),
        (b"\x02\xff" + bytes(1400), 1008, "sound of 1396 bytes, expected 1 to 1024."),
        (b"\x03\xff" + bytes(80), 1008, "a message of kind 3, expected 1 or 2."),
        (bytes(1501), 1008, "a message of 1501 bytes, the limit is 1500."),
        (bytes(70000), 1009, None),
        ("x" * 70000, 1009, None),
    ],
)
def test_who_sends_nonsense_is_cut_off_and_the_others_go_on(
    few: bytes, message: str | bytes, code: int, reason: str | None
) -> None:
    room = Room(3)

    async def run(port: int) -> None:
        ann, bob, loud = [await enter(port, room, number, few) for number in (1, 2, 3)]
        await loud.socket.send(message)
        found = await outcome(loud.socket)
        assert found[0] == code and (reason is None or found[1] == reason)
        await ann.socket.send(relayed(bob.seat, face(1)))
        assert await bob.relayed() == bytes([1, ann.seat]) + face(1)
        assert [number for number, _ in names(room)] == [1, 2]

    with running(room) as port:
        asyncio.run(run(port))


def test_who_sends_too_much_is_cut_off(few: bytes) -> None:
    room = Room(2)

    async def flood(guest: Guest, message: str | bytes) -> None:
        for _ in range(2000):
            await guest.socket.send(message)

    async def run(port: int) -> None:
        for message in (relayed(1, face(1)), '{"type":"mute","muted":true}'):
            guest = await enter(port, room, 1, few)
            flooding = asyncio.create_task(flood(guest, message))
            assert await outcome(guest.socket) == (1008, "You send more than a room takes.")
            await asyncio.gather(flooding, return_exceptions=True)

    with running(room) as port:
        asyncio.run(run(port))


def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "WAIT", 0.3)
    room = Room(2)

    async def run(port: int) -> None:
        async with connect(address(port, room, 1)) as socket:
            assert await outcome(socket) == (4408, "You were connected and said nothing.")

    with running(room) as port:
        asyncio.run(run(port))


def test_nothing_is_written(few: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path))
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    room = Room(2)

    async def run(port: int) -> None:
        ann, bob = [await enter(port, room, number, few) for number in (1, 2)]
        await ann.socket.send(relayed(bob.seat, face(1)))
        await bob.relayed()

    with running(room) as port:
        asyncio.run(run(port))
    assert list(tmp_path.iterdir()) == []

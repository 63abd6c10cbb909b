"""Python members of a room, over real connections."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.file import save_avatar
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, DependencyError, RoomError, SettingsError, TrustError
from splatavatar.rig.arkit import NAMES
from splatavatar.viewer.certificate import Certificate, fingerprint, own_certificate
from splatavatar.viewer.room.app import create_room_app
from splatavatar.viewer.room.link import RoomLink
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.messages import LONGEST_TEXT, Person
from splatavatar.viewer.room.opus import RATE
from splatavatar.viewer.room.room import Room
from splatavatar.viewer.server import listen, serving
from support.rooms import SITE, running, token
from support.small_avatar import small_avatar

JAW = NAMES.index("jawOpen")


class Heard(RoomListener):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.faces: list[tuple[Person, FaceSignal, float]] = []
        self.sounds: list[tuple[Person, np.ndarray, float, float]] = []
        self.gone: list[tuple[str, str]] = []

    def face(self, person: Person, signal: FaceSignal) -> None:
        self.faces.append((person, signal, time.perf_counter()))

    def sound(self, person: Person, samples: np.ndarray, moment: float) -> None:
        self.sounds.append((person, samples, moment, time.perf_counter()))

    def left(self, person: Person, reason: str) -> None:
        self.gone.append((person.name, reason))


def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def link(room: Room, port: int, number: int) -> str:
    return f"http://127.0.0.1:{port}/room.html?token={token(room, number)}"


@pytest.fixture
def room() -> Iterator[tuple[Room, int]]:
    meeting = Room(3)
    with running(meeting) as port:
        yield meeting, port


@pytest.mark.parametrize("direct", [False, True])
def test_two_programs_see_and_hear_each_other(room: tuple[Room, int], direct: bool) -> None:
    if direct:
        pytest.importorskip("aiortc")
    meeting, port = room
    ann, bob = Heard(), Heard()
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    with (
        RoomMember(link(meeting, port, 1), name="Ann", listener=ann, direct=direct) as a,
        RoomMember(link(meeting, port, 2), name="Bob", listener=bob, direct=direct) as b,
    ):
        until(lambda: len(a.people) == len(b.people) == 1)
        assert [person.name for person in b.people] == ["Ann"] and a.people[0].kind == "program"
        if direct:
            until(lambda: a.direct and b.direct)
        a.say(tone)
        for step in range(45):
            face = FaceSignal.neutral(jawOpen=step / 45)
            a.show(face)
            b.show(face)
            time.sleep(1 / 30)
        until(lambda: sum(len(samples) for _, samples, _, _ in bob.sounds) > 0.8 * RATE)
        assert a.direct == (a.people if direct else [])
    for heard, name in ((ann, "Bob"), (bob, "Ann")):
        jaws = [float(signal.arkit[JAW]) for _, signal, _ in heard.faces]
        assert len(jaws) > 30 and jaws == sorted(jaws) and jaws[-1] > 0.9
        assert {person.name for person, _, _ in heard.faces} == {name}
    loud = np.concatenate([samples for _, samples, _, _ in bob.sounds])
    spectrum = np.abs(np.fft.rfft(loud[len(loud) // 4 : len(loud) // 2]))
    peak = np.argmax(spectrum) * RATE / (2 * (len(spectrum) - 1))
    assert abs(peak - 440) < 15 and not ann.sounds


def test_members_are_muted_until_they_speak_and_when_they_say_so(room: tuple[Room, int]) -> None:
    meeting, port = room
    bob = Heard()
    with (
        RoomMember(link(meeting, port, 1), name="Ann", direct=False) as a,
        RoomMember(link(meeting, port, 2), name="Bob", listener=bob, direct=False) as b,
    ):
        until(lambda: b.people)
        assert b.people[0].muted
        a.say(np.zeros(RATE // 5))
        until(lambda: not b.people[0].muted and bob.sounds)
        a.mute()
        until(lambda: b.people[0].muted)
        time.sleep(0.1)
        count = len(bob.sounds)
        a.say(np.zeros(RATE // 5))
        time.sleep(0.3)
        assert len(bob.sounds) == count
    until(lambda: not meeting.people)


def test_a_listener_may_leave(room: tuple[Room, int]) -> None:
    meeting, port = room

    class Follower(Heard):
        def left(self, person: Person, reason: str) -> None:
            member.close()
            super().left(person, reason)

    follower = Follower()
    member = RoomMember(link(meeting, port, 1), listener=follower, direct=False)
    RoomMember(link(meeting, port, 2), name="Ann", direct=False).close()
    until(lambda: not meeting.people)
    assert follower.gone == [("Ann", "")]
    member.show(FaceSignal.neutral())  # nobody sees it, and nothing has failed
    member.close()


def test_who_is_let_in_too_late_takes_no_seat(room: tuple[Room, int], monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, port = room
    monkeypatch.setattr("splatavatar.viewer.room.member.PATIENCE", 0.001)
    with pytest.raises(RoomError, match=r"in time\.$"):
        RoomMember(link(meeting, port, 1), direct=False)
    time.sleep(1.5)  # in which it would have come in
    assert not meeting.people


def test_who_does_not_listen_needs_nothing_that_decodes(
    room: tuple[Room, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, port = room

    class Watching(RoomListener):
        faces = 0

        def face(self, person: Person, signal: FaceSignal) -> None:
            self.faces += 1

    def absent() -> None:
        raise DependencyError("no package that decodes")

    monkeypatch.setattr("splatavatar.viewer.room.attendance.OpusDecoder", absent)
    watching = Watching()
    with (
        RoomMember(link(meeting, port, 1), listener=watching, direct=False) as deaf,
        RoomMember(link(meeting, port, 2), direct=False) as speaking,
    ):
        speaking.say(np.sin(np.arange(RATE) / 20))
        time.sleep(0.5)
        speaking.show(FaceSignal.neutral())
        until(lambda: watching.faces)
        deaf.show(FaceSignal.neutral())


def test_who_leaves_and_who_is_thrown_out(room: tuple[Room, int]) -> None:
    meeting, port = room
    ann = Heard()
    with RoomMember(link(meeting, port, 1), name="Ann", listener=ann) as a:
        RoomMember(link(meeting, port, 2), name="Bob").close()
        until(lambda: ann.gone == [("Bob", "")])
        meeting.withdraw(1)
        with pytest.raises(RoomError, match=r"^The host has withdrawn this invitation\.$"):
            until(lambda: a.show(FaceSignal.neutral()))
    with pytest.raises(RoomError, match=r"^This invitation is not valid \(any more\): ask the host for a new link\.$"):
        RoomMember(link(meeting, port, 1))


def test_what_cannot_come_in_is_said_in_a_sentence(room: tuple[Room, int], tmp_path: Path) -> None:
    meeting, port = room
    for text in ("", "http://127.0.0.1/", "ftp://x/?token=a", "http://[::1/?token=a", "http://x:99999/?token=a"):
        with pytest.raises(SettingsError, match=r"^this is no link of a room; expected the whole link"):
            RoomMember(text)
    with pytest.raises(SettingsError, match="letters"):
        RoomMember(link(meeting, port, 1), name="x" * 41)
    with pytest.raises(AvatarFileError, match="no such file"):
        RoomMember(link(meeting, port, 1), tmp_path / "nobody.splatavatar")
    broken = tmp_path / "broken.splatavatar"
    broken.write_bytes(bytes(100))
    with pytest.raises(AvatarFileError, match="is not an intact avatar"):
        RoomMember(link(meeting, port, 1), broken)
    private = tmp_path / "private.splatavatar"
    save_avatar(private, small_avatar())
    with pytest.raises(TrustError, match=r"private\.splatavatar: it has no record of consent, so it is private\. "):
        RoomMember(link(meeting, port, 1), private)
    with pytest.raises(RoomError, match=r"avatars with a consent to calls\. This one: it has no record"):
        RoomMember(link(meeting, port, 1), private, without_consent=True)
    with listen(0) as silent:
        free = silent.getsockname()[1]
    with pytest.raises(RoomError, match=r"^the server of the room does not answer \(connection refused\)\.$"):
        RoomMember(f"http://127.0.0.1:{free}/room.html?token=a")
    with RoomMember(link(meeting, port, 1)), pytest.raises(RoomError, match="is in use"):
        RoomMember(link(meeting, port, 1))


def test_the_server_is_known_by_the_certificate_of_the_link(tmp_path: Path) -> None:
    mine = own_certificate(["127.0.0.1"], tmp_path / "mine")
    other = own_certificate(["127.0.0.1"], tmp_path / "other")
    meeting = Room(2)
    app = create_room_app(SITE, meeting)
    asked: list[str] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["type"])
        await app(scope, receive, send)

    def pinned(port: int, certificate: Certificate | None) -> str:
        end = "" if certificate is None else f"#certificate={fingerprint(certificate)}"
        return f"https://127.0.0.1:{port}/room.html?token={token(meeting, 1)}{end}"

    with listen(0) as listening, serving(watched, listening, mine, LONGEST_TEXT):
        port = listening.getsockname()[1]
        with pytest.raises(RoomError, match="another certificate than the link says"):
            RoomMember(pinned(port, other))
        with pytest.raises(RoomError, match="certificate is not trusted; expected the whole link"):
            RoomMember(pinned(port, None))
        assert asked == []
        with RoomMember(pinned(port, mine), direct=False):
            assert [invitation.number for invitation, _ in meeting.people] == [1]
    assert RoomLink.parse(pinned(8443, mine)).port == 8443


@pytest.mark.parametrize(
    ("welcome", "works"),
    [
        ({"ice": [{"credential": "x"}, 7, {"urls": "stun:127.0.0.1:9", "more": 1}]}, True),
        ({"ice": [{"urls": 7}]}, False),
        ({"people": [7]}, False),
        ({"you": "one"}, False),
        ({"type": "left"}, False),
    ],
)
def test_a_server_that_says_something_else_is_left(
    room: tuple[Room, int], monkeypatch: pytest.MonkeyPatch, welcome: dict[str, Any], works: bool
) -> None:
    meeting, port = room

    def dumps(table: dict[str, Any]) -> str:
        return json.dumps({**table, **welcome} if table["type"] == "welcome" else table)

    monkeypatch.setattr("splatavatar.viewer.room.room.json", SimpleNamespace(dumps=dumps))
    if works:
        RoomMember(link(meeting, port, 1)).close()
        return
    with pytest.raises(RoomError, match=r"^the server of the room sends what this version does not know\.$"):
        RoomMember(link(meeting, port, 1))

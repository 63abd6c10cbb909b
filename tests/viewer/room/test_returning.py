"""Python members whose connection goes, over real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import RoomError
from splatavatar.viewer.room.invitations import REFUSAL
from splatavatar.viewer.room.link import Absent
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.messages import Person
from splatavatar.viewer.room.returning import GHOST, LATEST, LONGEST, SOON, Returning
from splatavatar.viewer.room.room import IN_USE, Room
from splatavatar.viewer.room.visit import Taken
from support.line import Line
from support.rooms import running, token


class Told(RoomListener):
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.faces = self.samples = 0

    def joined(self, person: Person) -> None:
        self.events.append(f"joined {person.name}")

    def left(self, person: Person, reason: str) -> None:
        self.events.append(f"left {person.name}: {reason}")

    def lost(self, why: str) -> None:
        self.events.append("lost")

    def returned(self) -> None:
        self.events.append("returned")

    def face(self, person: Person, signal: FaceSignal) -> None:
        self.faces += 1

    def sound(self, person: Person, samples: np.ndarray, moment: float) -> None:
        self.samples += len(samples)


def link(room: Room, port: int, number: int) -> str:
    return f"http://127.0.0.1:{port}/room.html?token={token(room, number)}"


def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("direct", [False, True])
def test_a_restarted_server_finds_its_people_again(direct: bool) -> None:
    if direct:
        pytest.importorskip("aiortc")
    meeting, ann, bob = Room(2), Told(), Told()
    with running(meeting) as port:
        a = RoomMember(link(meeting, port, 1), name="Ann", listener=ann, direct=direct)
        b = RoomMember(link(meeting, port, 2), name="Bob", listener=bob, direct=direct)
        until(lambda: a.people and b.people)
        a.say(np.zeros(4800, np.float32))
        until(lambda: bob.samples)
    until(lambda: "lost" in ann.events and "lost" in bob.events)
    assert a.people == [] and b.people == []
    # What is said while nobody is there is over when they are back.
    a.say(np.zeros(2400, np.float32))
    a.show(FaceSignal.neutral())
    with running(meeting, port=port):
        until(lambda: a.people and b.people)
        if direct:
            until(lambda: a.direct and b.direct)
        faces, samples = bob.faces, bob.samples
        # She says so herself, behind the news that she is back, and before she speaks.
        until(lambda: not b.people[0].muted)
        a.say(np.zeros(4800, np.float32))

        def seen() -> bool:
            a.show(FaceSignal.neutral())
            return bob.faces > faces and bob.samples > samples

        until(seen)
        a.close()
        b.close()
    for events, other in ((ann.events, "Bob"), (bob.events, "Ann")):
        lost, returned = events.index("lost"), events.index("returned")
        assert f"joined {other}" in events[:lost] and f"left {other}: the connection is lost" in events[:lost]
        assert lost < returned and f"joined {other}" in events[lost:]


def test_who_is_uninvited_meanwhile_is_told_and_stays_out() -> None:
    meeting, ann = Room(2), Told()
    with running(meeting) as port:
        member = RoomMember(link(meeting, port, 1), name="Ann", listener=ann, direct=False)
    until(lambda: "lost" in ann.events)
    meeting.withdraw(1)
    with running(meeting, port=port), pytest.raises(RoomError) as refused:
        until(lambda: member.show(FaceSignal.neutral()))
    assert str(refused.value) == REFUSAL
    assert all(thread.name != "room" for thread in threading.enumerate())


def test_one_who_shows_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splatavatar.viewer.room.outbox.REPEAT", 0.05)
    meeting, ann = Room(2), Told()
    with running(meeting) as port, RoomMember(link(meeting, port, 1), listener=ann, direct=False):
        time.sleep(0.5)
        assert ann.events == [] and len(meeting.people) == 1


def test_one_leaves_while_the_server_is_away() -> None:
    meeting, ann = Room(2), Told()
    with running(meeting) as port:
        member = RoomMember(link(meeting, port, 1), listener=ann, direct=False)
    until(lambda: "lost" in ann.events)
    member.close()
    assert all(thread.name != "room" for thread in threading.enumerate())


def test_a_seat_that_the_server_still_keeps_is_waited_for() -> None:
    meeting, ann = Room(2), Told()
    with running(meeting) as port:
        line = Line(port)
        try:
            with RoomMember(link(meeting, line.port, 1), name="Ann", listener=ann, direct=False) as member:
                kept = len(line._beyond)
                line.cut("near")
                until(lambda: "lost" in ann.events)
                # The invitation is in use, as the server sees it: by the connection that nobody is at any more.
                until(lambda: len(line._beyond) >= kept + 4)
                assert "returned" not in ann.events
                line.cut("beyond")
                until(lambda: "returned" in ann.events)
                member.show(FaceSignal.neutral())
                assert len(meeting.people) == 1
        finally:
            line.close()


def test_tries_become_rarer_and_end() -> None:
    tries, error = Returning(), Absent("away")
    with pytest.raises(Absent):
        tries.wait(error, 0.0)  # who has never been in is told at once
    tries.is_in()
    now, waits = 100.0, []
    while now < 100.0 + LONGEST:
        waits.append(tries.wait(error, now))
        now += waits[-1]
    assert waits[:3] == [SOON, 2 * SOON, 4 * SOON] and set(waits[6:]) == {LATEST}
    with pytest.raises(Absent):
        tries.wait(error, now)
    tries.is_in()
    assert tries.wait(Taken(IN_USE), now) == SOON
    with pytest.raises(Taken):
        tries.wait(Taken(IN_USE), now + GHOST)
    tries.is_in()
    with pytest.raises(RoomError, match="valid"):
        tries.wait(RoomError(REFUSAL), now)

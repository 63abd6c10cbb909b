"""People who meet in a room, each with a page."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES
from splatavatar.trust.policy import notice_of
from splatavatar.viewer.room import app
from splatavatar.viewer.room.invitations import REFUSAL
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.messages import Person
from splatavatar.viewer.room.opus import RATE
from splatavatar.viewer.room.room import IN_USE, WITHDRAWN, Room
from splatavatar.viewer.room.uploads import TOO_LARGE
from splatavatar.viewer.site import FOLDER, load_site
from support.line import IMPATIENT, Line
from support.room_pages import (
    IN,
    PEOPLE,
    SAID,
    SENTENCES,
    Entered,
    Open,
    changed,
    once_changed,
    opened,
    smile,
    wait_for_people,
)
from support.rooms import ask, send_faces, token

UNREACHABLE = "RTCPeerConnection.prototype.addIceCandidate = async () => {};"
"""no pair of pages finds a way to each other"""
BUDGET = 60_000
"""Gaussians of a picture"""


@pytest.fixture(scope="module")
def few(light_avatar: Path) -> bytes:
    """A file with so few Gaussians that software graphics draw them fluently."""
    return light_avatar.read_bytes()


def test_two_see_each_other_smile(room: Open, enter: Entered) -> None:
    ann, bob = enter(room.link(1), "Ann"), enter(room.link(2), "Bob")
    for page, other in ((ann, "Bob"), (bob, "Ann")):
        wait_for_people(page, 2)
        page.wait(f"{PEOPLE}.includes('direct')")
        assert other in page.run("document.querySelector('.tag').textContent")
        assert page.run(PEOPLE).count(notice_of(load_avatar(DEMO))) == 2
    for one, other in ((ann, bob), (bob, ann)):
        before = other.settled(SENTENCES)
        smile(one, 1)
        smiling = once_changed(other, before)
        assert changed(before, smiling) > 60
        smile(one, 0)
        again = once_changed(other, smiling)
        assert changed(before, again) < 20
        assert one.messages == [] and other.messages == []


def test_a_program_sits_at_the_table(room: Open, enter: Entered) -> None:
    pytest.importorskip("aiortc")
    ann = enter(room.link(1), "Ann")
    heard = Heard()
    for direct, way in ((True, "direct"), (False, "through the server")):
        with RoomMember(room.link(2), name="Agent", listener=heard, direct=direct) as agent:
            wait_for_people(ann, 2)
            before = ann.settled(SENTENCES)
            agent.say(0.5 * np.sin(np.arange(60 * RATE) / 20))
            over = threading.Event()

            def smiling(agent: RoomMember = agent, over: threading.Event = over) -> None:
                while not over.wait(1 / 30):
                    agent.show(FaceSignal.neutral(mouthSmileLeft=1, mouthSmileRight=1, jawOpen=1))

            thread = threading.Thread(target=smiling)
            thread.start()
            try:
                # The page plays what comes through the server once its microphone has been turned on.
                if direct:
                    ann.press("Turn microphone on")
                ann.wait(f"{PEOPLE}.includes('speaks, a program, {way}')")
                assert changed(before, once_changed(ann, before)) > 60
                smile(ann, 1)
                end = time.monotonic() + 20
                while not (heard.loud > 0.05 and heard.jaw > 0.9):
                    assert time.monotonic() < end
                    time.sleep(0.02)
                smile(ann, 0)
            finally:
                over.set()
                thread.join()
        wait_for_people(ann, 1)
        heard.loud = heard.jaw = 0.0
    assert ann.messages == []


class Heard(RoomListener):
    """The loudest and the most open that anybody was."""

    loud = jaw = 0.0

    def face(self, person: Person, signal: FaceSignal) -> None:
        self.jaw = max(self.jaw, float(signal.arkit[NAMES.index("jawOpen")]))

    def sound(self, person: Person, samples: np.ndarray, moment: float) -> None:
        self.loud = max(self.loud, float(np.abs(samples).max(initial=0)))


def test_one_leaves_and_a_third_sees_the_present_face(room: Open, enter: Entered) -> None:
    ann, bob = enter(room.link(1), "Ann"), enter(room.link(2), "Bob")
    wait_for_people(ann, 2)
    with_bob = ann.settled(SENTENCES)
    bob.press("Leave")
    assert bob.state() == ("error", "You have left the room.")
    wait_for_people(ann, 1)
    assert ann.run("document.querySelector('.status').textContent") == "Bob has left."
    assert changed(with_bob, ann.settled(SENTENCES)) > 1000
    smile(ann, 1)
    late = enter(room.link(3), "Cleo")
    wait_for_people(late, 2)
    smiling = late.settled(SENTENCES)
    smile(ann, 0)
    assert changed(smiling, once_changed(late, smiling)) > 60


def test_who_finds_no_direct_way_goes_through_the_server(room: Open, enter: Entered) -> None:
    ann, bob = (enter(room.link(i), name, script=UNREACHABLE) for i, name in enumerate(("Ann", "Bob"), 1))
    wait_for_people(ann, 2)
    wait_for_people(bob, 2)
    before = ann.settled(SENTENCES)
    smile(bob, 1)
    assert changed(before, once_changed(ann, before)) > 60
    bob.press("Turn microphone on")
    ann.wait(f"{PEOPLE}.includes('speaks, through the server')")
    assert ann.messages == [] and bob.messages == []


def test_the_microphone_is_asked_for_by_a_click_alone(room: Open, enter: Entered) -> None:
    count = """(() => { const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.asked = 0; navigator.mediaDevices.getUserMedia = (what) => { window.asked++; return own(what); }; })()"""
    ann, bob = enter(room.link(1), "Ann", script=count), enter(room.link(2), "Bob")
    wait_for_people(bob, 2)
    assert ann.run("window.asked") == 0
    bob.wait(f"{PEOPLE}.includes('muted, direct')")
    ann.press("Turn microphone on")
    bob.wait(f"{PEOPLE}.includes('speaks, direct')")
    bob.wait("document.querySelector('.tag.speaking .name')?.textContent === 'Ann'")
    assert ann.run("window.asked") == 1
    ann.press("Mute")
    bob.wait(f"{PEOPLE}.includes('muted, direct')")
    assert ann.run("document.querySelector('.microphone').textContent") == "Unmute"


def test_a_refused_microphone_is_said(room: Open, enter: Entered) -> None:
    refuse = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
    ann = enter(room.link(1), "Ann", script=refuse)
    ann.press("Turn microphone on")
    ann.wait("document.querySelector('.status.wrong')?.textContent.startsWith('The browser was told not to give')")
    assert ann.run(f"{IN} && document.querySelector('.microphone').textContent") == "Turn microphone on"


def test_pages_come_back_after_the_server_was_away(built: None, enter: Entered) -> None:
    room = Room(2)
    with opened(room) as there:
        ann, bob = enter(there.link(1), "Ann"), enter(there.link(2), "Bob")
        wait_for_people(ann, 2)
    ann.wait("document.documentElement.dataset.room === 'lost'")
    with opened(room, there.port):
        for page in (ann, bob):
            page.wait(IN)
            wait_for_people(page, 2)
        before = ann.settled(SENTENCES)
        smile(bob, 1)
        assert changed(before, once_changed(ann, before)) > 60
    # Another room at this address has other invitations.
    with opened(Room(2), there.port):
        ann.wait("document.documentElement.dataset.state === 'error'")
        assert ann.state()[1] == REFUSAL


def test_a_page_notices_that_its_line_is_dead(room: Open, enter: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all its seconds a fifth as long."""
    monkeypatch.setattr("splatavatar.viewer.room.outbox.REPEAT", 0.6)
    with closing(Line(room.port)) as line:
        ann = enter(room.link(1).replace(f":{room.port}/", f":{line.port}/"), "Ann", script=IMPATIENT)
        ann.wait(IN)
        # Nobody else is there, and nothing is said.
        ann.run("new Promise(done => setTimeout(done, 3000))")
        assert ann.run(IN)
        line.go_dead()
        ann.wait("document.documentElement.dataset.room === 'lost'")


def test_one_turns_to_look_at_somebody(room: Open, enter: Entered) -> None:
    ann = enter(room.link(1), "Ann")
    others = [enter(room.link(i), name) for i, name in ((2, "Bob"), (3, "Cleo"))]
    wait_for_people(ann, 3)
    middle = "[...document.querySelectorAll('.tag')].map(t => [t.firstChild.textContent, t.getBoundingClientRect().x])"
    before = dict(ann.run(middle))
    seen = others[0].settled(SENTENCES)
    ann.run("[...document.querySelectorAll('.person button')].find(b => b.ariaLabel === 'Look at Cleo').click()")
    ann.wait("document.querySelector('.status').textContent === 'You look at Cleo.'")
    ann.settled(SENTENCES)
    box = "(() => { const b = [...document.querySelectorAll('.tag')].find(t => t.textContent.startsWith('Cleo'))"
    left, right = ann.run(f"{box}.getBoundingClientRect(); return [b.left, b.right]; }})()")
    assert left < 240 < right
    assert any(abs(before[name] - 240) > 60 for name in before)
    # Everybody sees whom she looks at.
    assert changed(seen, once_changed(others[0], seen)) > 100
    assert "Cleo" in ann.run("document.querySelector('canvas').ariaLabel")


def test_a_full_table_is_drawn_within_bounds(room: Open, enter: Entered) -> None:
    content = DEMO.read_bytes()
    with send_faces(
        room.port, room.room, range(2, 9), content, lambda number, _: FaceSignal.neutral(jawOpen=number / 9), 5
    ):
        while len(room.room.people) < 7:
            time.sleep(0.02)
        ann = enter(room.link(1), "Ann", content, (1280, 720))
        wait_for_people(ann, 8)
        ann.wait("Number(document.documentElement.dataset.gaussians) > 7 * 1500")
        assert int(ann.run("document.documentElement.dataset.gaussians")) <= BUDGET
        assert ann.run("document.querySelectorAll('.tag:not([hidden])').length") == 7
        assert ann.run(PEOPLE).count("a program") == 7
        assert ann.run("document.querySelector('.status.wrong')") is None and ann.messages == []
        room.room.invite()
        one_more = enter(room.link(9), "Dora")
        assert one_more.run(SAID) == "The room is full."


def test_invitations_are_of_one_person_each_and_can_be_withdrawn(room: Open, enter: Entered) -> None:
    ann, bob = enter(room.link(1), "Ann"), enter(room.link(2), "Bob")
    wait_for_people(ann, 2)
    also = enter(room.link(2), "Not Bob")
    assert also.run(SAID) == IN_USE
    assert also.run("document.querySelector('button[type=submit]').disabled") is False
    room.room.withdraw(2)
    bob.wait("document.documentElement.dataset.state === 'error'")
    assert bob.state()[1] == WITHDRAWN
    wait_for_people(ann, 1)
    also.press("Take a seat")
    also.wait(f"{SAID} === {json.dumps(REFUSAL)}")


def test_an_avatar_that_is_too_large(room: Open, enter: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LARGEST", 1000)
    assert enter(room.link(1), "Ann").run(SAID) == TOO_LARGE


def test_what_cannot_come_in_is_said(room: Open, enter: Entered, few: bytes) -> None:
    page = enter(room.link(1), "Ann", few[:-5000])
    assert "not an intact avatar" in page.run(SAID)
    page.run("document.querySelector('form').noValidate = true")
    page.press("Take a seat")
    assert page.run(SAID).startswith("Choose an avatar")
    without = enter(room.link(1), "Ann", script="delete window.RTCPeerConnection")
    assert without.state()[1].startswith("This browser has no WebRTC")
    without = enter(room.link(1), "Ann", script="HTMLCanvasElement.prototype.getContext = () => null")
    assert without.state()[1].startswith("This browser shows no WebGL2")
    assert room.room.people == []


def test_it_fits_a_phone_and_everything_has_a_name(room: Open, enter: Entered) -> None:
    page = enter(room.link(1), "Ann", size=(390, 780), touch=True)
    enter(room.link(2), "Bob with a name as long as names may be")
    wait_for_people(page, 2)
    for panel in ("Face", "People"):
        page.press(panel)
        assert page.run("document.documentElement.scrollWidth") <= 390
        outside = "[...document.querySelectorAll('button')].filter(b => b.offsetParent && (b.getBoundingClientRect()"
        assert page.run(f"{outside}.right > 390 || b.getBoundingClientRect().left < 0)).length") == 0
    nameless = page.run(
        "[...document.querySelectorAll('button, input, aside, nav')]"
        ".filter(e => !e.ariaLabel && !e.textContent.trim() && !e.labels?.length).map(e => e.outerHTML)"
    )
    assert nameless == []
    assert page.run("document.querySelector('[aria-expanded=true]').textContent") == "People"


def test_nothing_is_asked_of_other_machines(room: Open, enter: Entered) -> None:
    page, _ = enter(room.link(1), "Ann"), enter(room.link(2), "Bob")
    wait_for_people(page, 2)
    page.run("1")
    assert page.requests and all(request.startswith((room.base, "blob:", "data:")) for request in page.requests)


def test_the_page_of_a_room_is_small() -> None:
    """Where the page is built: 300 kB with all that it loads, the headset's part included."""
    if not (FOLDER / "room.html").is_file():
        pytest.skip("the page is not built")
    site = load_site()
    names = [name for name in site if name == "room.html" or name.startswith(("assets/room", "assets/capture"))]
    assert len(names) > 3
    assert sum(len(site[name].compressed) for name in names) < 300_000


def test_the_own_camera_and_microphone_can_drive_the_face(room: Open, enter: Entered) -> None:
    found = ask(room.port, "GET", f"/models/audio_to_face.onnx?token={token(room.room, 1)}")
    assert found[0] == 200 and len(found[2]) > 10_000
    assert ask(room.port, "GET", "/models/audio_to_face.onnx")[0] == 403
    ann = enter(room.link(1), "Ann")
    ann.press("Face")
    ann.press("Webcam")
    # Where the models are not there the page names the command that fetches them.
    said = "document.querySelector('.status.wrong')?.textContent.includes('models pull')"
    ann.wait(f"document.documentElement.dataset.own === 'webcam' || {said}")


def test_an_avatar_that_did_not_come_is_asked_for_again(room: Open, enter: Entered) -> None:
    once = """
    const ask = window.fetch; window.lost = 0;
    window.fetch = (...given) => String(given[0]).includes('/avatars/') && window.lost++ < 2
      ? Promise.reject(new TypeError('Failed to fetch')) : ask(...given);
    """
    ann = enter(room.link(1), "Ann", script=once)
    enter(room.link(2), "Bob")
    wait_for_people(ann, 2)
    assert ann.run("window.lost") == 3

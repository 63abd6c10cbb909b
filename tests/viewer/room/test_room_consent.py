"""What people in a room are told of consent and of signatures, and who may not bring their avatar."""

from __future__ import annotations

import datetime
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.consent import Consent
from splatavatar.avatar.file import load_avatar, parse_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.viewer.room.room import Room
from support import trust_golden
from support.consents import ANN, consenting
from support.room_pages import SAID, Entered, Open, wait_for_people
from support.rooms import hand_over, running
from support.small_avatar import small_avatar


def said(folder: Path, consent: Consent | None) -> bytes:
    """An avatar file with that record of consent."""
    path = folder / "said.splatavatar"
    save_avatar(path, consenting(small_avatar(), consent))
    return path.read_bytes()


def test_the_consent_line_of_an_avatar_is_shown_to_everybody(tmp_path: Path) -> None:
    room = Room(2)
    with running(room) as port:
        status, _, body = hand_over(port, room, 1, said(tmp_path, ANN))
    assert status == 200 and json.loads(body)["notice"] == "Ann, said by themselves on 2026-03-01: calls"


@pytest.mark.parametrize(
    ("consent", "why", "notice"),
    [
        (None, "it has no record of consent, so it is private.", "No record of consent"),
        (
            replace(ANN, scope=frozenset(["publication"])),
            "its consent does not cover calls, only publication.",
            "No consent to calls: Ann, said by themselves on 2026-03-01: publication",
        ),
        (
            replace(ANN, expires=datetime.date(2026, 3, 2)),
            "its consent expired on 2026-03-02.",
            "No consent to calls: Ann, said by themselves on 2026-03-01: calls; expired on 2026-03-02",
        ),
    ],
)
def test_an_avatar_that_nobody_has_consented_to_show(
    tmp_path: Path, consent: Consent | None, why: str, notice: str
) -> None:
    content = said(tmp_path, consent)
    careful, open_to_all = Room(2), Room(2, without_consent=True)
    with running(careful) as port:
        status, _, body = hand_over(port, careful, 1, content)
    assert (status, body.decode()) == (422, f"This room takes avatars with a consent to calls. This one: {why}\n")
    with running(open_to_all) as port:
        status, _, body = hand_over(port, open_to_all, 1, content)
    assert status == 200 and json.loads(body)["notice"] == notice


def test_an_avatar_that_nobody_has_consented_to_show_stays_outside(room: Open, enter: Entered, tmp_path: Path) -> None:
    save_avatar(tmp_path / "private.splatavatar", consenting(load_avatar(DEMO), None))
    page = enter(room.link(1), "Ann", (tmp_path / "private.splatavatar").read_bytes())
    assert page.run(SAID) == (
        "This room takes avatars with a consent to calls. This one: it has no record of consent, so it is private."
    )
    assert room.room.people == []


def test_each_page_checks_the_signatures_of_the_others(room: Open, enter: Entered, few: bytes) -> None:
    avatar = replace(parse_avatar(few, "few"), signature=None)
    right = trust_golden.signed(avatar)
    wrong = replace(right, name="Somebody else")
    ann = enter(room.link(1), "Ann")
    enter(room.link(2), "Bob", written(replace(avatar, signature=right.to_text())))
    enter(room.link(3), "Cleo", written(replace(avatar, signature=wrong.to_text())))
    wait_for_people(ann, 3)
    marks = "Object.fromEntries([...document.querySelectorAll('.tag')].map(t => [t.firstChild.textContent.split(' ')"
    marks += ".find(word => word.length > 1), t.lastChild.className]))"
    assert ann.run(marks) == {"Bob": "what valid", "Cleo": "what wrong"}
    said = ann.run("[...document.querySelectorAll('.person .trust summary')].map(s => s.ariaLabel)")
    assert len(said) == 3 and f"Signed by {right.name}" in said[1] and "Signature does not fit" in said[2]
    # What is open stays open while others speak and come.
    ann.run("document.querySelector('.bar [aria-controls=people]').click()")
    ann.run("document.querySelectorAll('.person .trust summary')[1].focus()")
    ann.run("document.querySelectorAll('.person .trust summary')[1].click()")
    enter(room.link(4), "Dora")
    wait_for_people(ann, 4)
    assert ann.run("document.querySelectorAll('.person .trust')[1].open")


def written(avatar: Avatar) -> bytes:
    """The bytes of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "avatar.splatavatar"
        save_avatar(path, avatar)
        return path.read_bytes()

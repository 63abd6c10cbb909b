"""People who meet in a room, each with a page."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import chromium
import numpy as np
import pytest
from browser import Browser, Page

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO

Opened = Callable[..., Page]
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""a microphone that beeps, allowed without a question"""
UNREACHABLE = "RTCPeerConnection.prototype.addIceCandidate = async () => {};"
"""no pair of pages finds a way to each other"""


@pytest.fixture(scope="module")
def room_browser(built: None) -> Iterator[Browser]:
    """A Chromium with a microphone."""
    program = chromium.find()
    if program is None:
        pytest.skip(chromium.HOW)
    running = Browser(*program, flags=MICROPHONE)
    yield running
    running.close()


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Every tenth Gaussian of the demo avatar, which software graphics draw fluently."""
    avatar = load_avatar(DEMO)
    g, c = avatar.gaussians, avatar.correctives
    few = {field.name: getattr(g, field.name)[::10] for field in fields(g)}
    linear = replace(c, position=c.position[:, ::10], colour=c.colour[:, ::10])
    path = tmp_path_factory.mktemp("room") / "light.splatavatar"
    save_avatar(path, replace(avatar, gaussians=replace(g, **few), correctives=linear))
    return path.read_bytes()


@pytest.fixture
def enter(room_browser: Browser, light: bytes) -> Iterator[Callable[..., Page]]:
    """``enter(link, name, avatar, width, height, script)``: a page whose person has tried to take a seat."""
    tabs: list[Page] = []

    def entered(
        link: str, name: str, avatar: bytes = light, width: int = 480, height: int = 360, script: str = "", **more: bool
    ) -> Page:
        page = room_browser.page(width, height, **more)
        tabs.append(page)
        if script:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        page.open(link)
        if page.state()[0] == "ready":
            take_seat(page, name, avatar)
        return page

    yield entered
    for page in tabs:
        page.close()


def take_seat(page: Page, name: str, avatar: bytes) -> None:
    """Fill in the form and send it; wait until the person is in or is told why not."""
    page.run(f"document.querySelector('#name').value = {json.dumps(name)}")
    page.run(
        f"""(() => {{
        const bytes = Uint8Array.from(atob({json.dumps(base64.b64encode(avatar).decode())}), c => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'me.splatavatar'));
        const field = document.querySelector('#avatar');
        field.files = transfer.files;
        field.dispatchEvent(new Event('change')); }})()"""
    )
    page.wait(f"{SAID} || document.querySelector('#chosen').textContent.includes(' MB')")
    if not page.run(SAID):
        page.run("document.querySelector('button[type=submit]').click()")
        page.wait(f"{IN} || {SAID}")


SAID = "document.querySelector('.said')?.textContent"
IN = "document.documentElement.dataset.room === 'in'"


def press(page: Page, text: str) -> None:
    """Press the button of that text."""
    page.run(f"[...document.querySelectorAll('button')].find(b => b.textContent === {json.dumps(text)}).click()")


def slide(page: Page, name: str, value: float) -> None:
    """Move the slider of a label."""
    page.run(
        f"""(() => {{ const slider = document.querySelector('input[aria-label="{name}"]');
        slider.value = {value}; slider.dispatchEvent(new Event('input')); }})()"""
    )


def smile(page: Page, share: float) -> None:
    """Hold a smile with an open mouth."""
    for name in ("Mouth: Smile, left", "Mouth: Smile, right", "Jaw and tongue: Jaw open"):
        slide(page, name, share)


def people(page: Page, count: int) -> None:
    """Wait until so many are there, oneself included, and the avatars of all others are drawn."""
    page.wait(
        f"document.documentElement.dataset.people === '{count}'"
        f" && document.documentElement.dataset.heads === '{count - 1}'"
    )


def settled(page: Page) -> np.ndarray:
    """The picture once nothing moves any more."""
    before = page.screenshot()
    for _ in range(60):
        page.run("new Promise(resolve => setTimeout(resolve, 400))")
        now = page.screenshot()
        if np.array_equal(before, now):
            return now
        before = now
    raise AssertionError("the picture does not come to rest")


def changed(a: np.ndarray, b: np.ndarray) -> int:
    """Pixels that differ well."""
    return int((np.abs(a[..., :3].astype(int) - b[..., :3].astype(int)).max(-1) > 24).sum())


def test_two_see_each_other_smile(links: list[str], enter: Callable[..., Page]) -> None:
    ann, bob = enter(links[0], "Ann"), enter(links[1], "Bob")
    for page in (ann, bob):
        people(page, 2)
    for one, other in ((ann, bob), (bob, ann)):
        other.wait("document.querySelector('.people').textContent.includes('direct')")
        before = settled(other)
        smile(one, 1)
        other.wait("document.documentElement.dataset.faces > 0")
        smiling = until_changed(other, before)
        assert changed(before, smiling) > 60
        smile(one, 0)
        assert changed(before, until_changed(other, smiling)) < 20
        assert one.messages == [] and other.messages == []
    assert "Bob" in ann.run("document.querySelector('.tag').textContent")
    assert "consent" in ann.run("document.querySelector('.people').textContent").lower()


def test_one_leaves_and_a_third_sees_the_present_face(links: list[str], enter: Callable[..., Page]) -> None:
    ann, bob = enter(links[0], "Ann"), enter(links[1], "Bob")
    people(ann, 2)
    with_bob = settled(ann)
    press(bob, "Leave")
    assert bob.state() == ("error", "You have left the room.")
    people(ann, 1)
    assert changed(with_bob, settled(ann)) > 1000
    smile(ann, 1)
    late = enter(links[2], "Cleo")
    people(late, 2)
    smiling = settled(late)
    smile(ann, 0)
    assert changed(smiling, until_changed(late, smiling)) > 60


def test_those_who_find_no_way_to_each_other_meet_through_the_server(
    links: list[str], enter: Callable[..., Page]
) -> None:
    ann, bob = (enter(link, name, script=UNREACHABLE) for link, name in zip(links, ("Ann", "Bob"), strict=False))
    people(ann, 2)
    people(bob, 2)
    assert "through the server" in ann.run("document.querySelector('.people').textContent")
    before = settled(ann)
    smile(bob, 1)
    assert changed(before, until_changed(ann, before)) > 60
    press(bob, "Turn microphone on")
    ann.wait("document.querySelector('.people').textContent.includes('speaks')")
    assert ann.messages == [] and bob.messages == []


def test_the_microphone_is_asked_for_by_a_click_alone(links: list[str], enter: Callable[..., Page]) -> None:
    count = """(() => { const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.asked = 0; navigator.mediaDevices.getUserMedia = (what) => { window.asked++; return own(what); }; })()"""
    ann, bob = enter(links[0], "Ann", script=count), enter(links[1], "Bob")
    people(bob, 2)
    state = "[...document.querySelectorAll('.people .state')].map(e => e.textContent).join()"
    assert ann.run("window.asked") == 0 and "muted" in bob.run(state)
    press(ann, "Turn microphone on")
    bob.wait(f"{state}.includes('speaks, direct')")
    bob.wait("document.querySelector('.tag.speaking')")
    assert ann.run("window.asked") == 1
    press(ann, "Mute")
    bob.wait(f"{state}.includes('muted, direct')")


def test_the_page_comes_back_after_a_restart(room_at: Callable[..., Any], enter: Callable[..., Page]) -> None:
    with room_at(2) as room:
        ann, bob = enter(room.links[0], "Ann"), enter(room.links[1], "Bob")
        people(ann, 2)
    ann.wait("document.documentElement.dataset.room === 'lost'")
    with room_at(2, again=room):
        for page in (ann, bob):
            page.wait(IN)
            people(page, 2)
        before = settled(ann)
        smile(bob, 1)
        assert changed(before, until_changed(ann, before)) > 60


def until_changed(page: Page, before: np.ndarray) -> np.ndarray:
    """The picture at rest, once it is another one than ``before``."""
    for _ in range(60):
        if changed(before, now := settled(page)) > 20:
            return now
    raise AssertionError("the picture stays as it was")

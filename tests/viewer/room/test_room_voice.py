"""What others hear of somebody in a room: a microphone, or a recording in its place."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import numpy as np
from websockets.sync.client import connect

from splatavatar.viewer.room.messages import SOUND, Relayed
from splatavatar.viewer.room.opus import OpusEncoder
from support.dropping import drop
from support.room_pages import Entered, Open
from support.rooms import ALL, address, hand_over

SPEECH = Path(__file__).parents[3] / "data" / "speech" / "fingers.mp3"
BUTTON = "document.querySelector('.microphone').textContent"
SAID = "document.querySelector('.status').textContent"
KEPT = """
window.Audio = class extends Audio { constructor(...given) { super(...given); (window.sounds ??= []).push(this); } };
navigator.mediaDevices.getUserMedia = (ask => async wanted => {
  if (window.asked) await window.asked;
  return window.microphone = await ask(wanted);
})(navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices));
"""
"""lets a test look at what a page plays and which microphone it has"""


def muted(room: Open) -> bool:
    """As everybody is told of the one who is there."""
    ((_, person),) = room.room.people
    return person.muted


def wait_until_muted(room: Open, is_muted: bool) -> None:
    end = time.monotonic() + 20
    while muted(room) != is_muted:
        assert time.monotonic() < end, f"never {'muted' if is_muted else 'heard'}"
        time.sleep(0.02)


def test_who_is_muted_is_so_again_after_one_recording_after_another(room: Open, enter: Entered) -> None:
    ann = enter(room.link(1), "Ann", script=KEPT)
    ann.press("Turn microphone on")
    wait_until_muted(room, False)
    ann.press("Mute")
    wait_until_muted(room, True)
    for name in ("one.mp3", "two.mp3"):
        drop(ann, (name, SPEECH.read_bytes()))
        wait_until_muted(room, False)
        ann.wait("sounds[0].currentTime > 0.3 && !sounds[0].paused")
    ann.wait("sounds[0].ended")
    wait_until_muted(room, True)
    assert ann.run(BUTTON) == "Unmute" and ann.messages == []


def test_a_recording_that_is_put_aside_gives_the_microphone_back(room: Open, enter: Entered) -> None:
    ann = enter(room.link(1), "Ann", script=KEPT)
    drop(ann, (SPEECH.name, SPEECH.read_bytes()))
    wait_until_muted(room, False)
    # Whoever has no microphone mutes the recording by it.
    ann.wait(f"{BUTTON} === 'Mute'")
    ann.press("Mute")
    wait_until_muted(room, True)
    assert ann.run(BUTTON) == "Unmute" and ann.run("window.microphone === undefined")
    ann.press("Unmute")
    wait_until_muted(room, False)
    ann.press("Rest")
    wait_until_muted(room, True)
    assert ann.run(BUTTON) == "Turn microphone on"


def test_a_microphone_that_is_taken_away_is_said_and_can_be_had_again(room: Open, enter: Entered) -> None:
    ann = enter(room.link(1), "Ann", script=KEPT)
    ann.press("Turn microphone on")
    wait_until_muted(room, False)
    ann.run("microphone.getTracks()[0].dispatchEvent(new Event('ended'))")  # as a plug that is pulled does
    wait_until_muted(room, True)
    assert ann.run(SAID) == "The microphone was taken away."
    ann.wait(f"{BUTTON} === 'Turn microphone on'")
    ann.press("Turn microphone on")
    wait_until_muted(room, False)


def test_who_leaves_while_the_browser_asks_has_no_microphone_on(room: Open, enter: Entered) -> None:
    ann = enter(room.link(1), "Ann", script=KEPT)
    ann.run("void (window.asked = new Promise(answer => { window.answer = answer }))")
    ann.press("Turn microphone on")
    ann.press("Leave")
    ann.wait("document.documentElement.dataset.state === 'error'")
    ann.run("answer()")
    ann.wait("window.microphone?.getTracks().every(track => track.readyState === 'ended')", 10)


def test_a_packet_that_is_no_sound_silences_nobody(room: Open, enter: Entered, few: bytes) -> None:
    ann = enter(room.link(1), "Ann")
    ann.press("Turn microphone on")  # voices of the server are heard after a click
    status, _, body = hand_over(room.port, room.room, 2, few)
    assert status == 200
    join = {"type": "join", "version": 1, "name": "Bob", "kind": "program", "avatar": json.loads(body)["sha256"]}
    encoder = OpusEncoder()
    with connect(address(room.port, room.room, 2)) as bob:
        bob.send(json.dumps(join))
        bob.send(json.dumps({"type": "mute", "muted": False}))
        ann.wait("document.documentElement.dataset.people === '2'")
        for at in range(10):
            bob.send(Relayed(SOUND, ALL, struct.pack("<I", 20 * at) + b"\xff" * 40).bytes())
        end, at = time.monotonic() + 20, 100
        while "speaks" not in ann.run("document.querySelector('.people').textContent"):
            assert time.monotonic() < end
            for packet in encoder.encode(0.5 * np.sin(np.arange(960 * at, 960 * (at + 1)) / 20).astype(np.float32)):
                bob.send(Relayed(SOUND, ALL, struct.pack("<I", 20 * at) + packet).bytes())
            at += 1
            time.sleep(0.02)

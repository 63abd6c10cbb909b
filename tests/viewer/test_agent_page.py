"""The page of a talking avatar, with the service that it came from."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.viewer.site import load_site
from support.browser import Page
from support.lips_and_sound import NOTING
from support.service import RATE, Running, running, silence, tone

Joined = Callable[..., tuple[Page, dict[str, Any]]]
OPEN = "document.documentElement.dataset.connection === 'open'"
HAPPENS = "document.querySelector('.happens').textContent"
BLOCKED = """
const play = HTMLMediaElement.prototype.play; window.allowed = false;
HTMLMediaElement.prototype.play = function () {
  return window.allowed ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
};
"""
MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), tone = context.createOscillator(), out = context.createMediaStreamDestination();
  tone.connect(out); tone.start();
  await window.asked;
  return window.microphone = out.stream;
};
"""


@pytest.fixture(scope="module")
def service(built: None, light_avatar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("avatars")
    shutil.copy(light_avatar, folder / "ann.splatavatar")
    with running(folder, site=load_site()) as at:
        yield at


@pytest.fixture
def join(service: Running, open_page: Callable[..., Page]) -> Joined:
    """``join(mode, script)``: a page that watches a new session, and the session."""

    def joined(mode: str = "client", script: str = "", *size: int) -> tuple[Page, dict[str, Any]]:
        session = service.opened(mode)
        page = open_page("", *(size or (320, 240)))
        if script:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        page.open(f"http://127.0.0.1:{service.port}{session['page_url']}")
        page.wait(OPEN)
        return page, session

    return joined


def speak(service: Running, session: dict[str, Any], samples: np.ndarray) -> None:
    """Have the avatar say it."""
    path = f"/v1/sessions/{session['id']}/speech?token={session['token']}"
    status, answer = service.ask("POST", path, samples.tobytes(), f"audio/pcm;rate={RATE}")
    assert status in (200, 202), answer


def test_the_mouth_opens_with_each_tone_and_rests_after_it(service: Running, join: Joined) -> None:
    page, session = join(script=NOTING)
    page.run("void listen()")
    speak(service, session, np.concatenate([silence(0.2), *[tone(0.2), silence(0.3)] * 2]))
    page.wait(f"{HAPPENS} === 'Speaks'")
    page.wait(f"{HAPPENS} === 'Listens'")
    page.wait("heard.filter(([, loud]) => loud).length >= 2 && !heard.at(-1)[1] && !seen.at(-1)[1]")
    heard, seen = page.run("[heard, seen]")
    assert [loud for _, loud in heard if loud] == [True] * 2
    assert [is_open for _, is_open in seen if is_open] == [True] * 2
    assert page.run("document.querySelector('.trust summary').textContent") == "Avatar"
    assert page.run("document.querySelector('h1').textContent") == "demo"
    speak(service, session, tone(30))
    page.wait("seen.at(-1)[1]")
    page.press("Interrupt")
    page.wait(f"{HAPPENS} === 'Interrupted'")
    page.wait("!seen.at(-1)[1]")
    time.sleep(0.3)
    assert page.run("seen.filter(([, open]) => open).length") == 3
    assert page.run("document.documentElement.dataset.segment") == "1"
    assert page.messages == []


def test_pictures_are_shown_where_the_session_sends_them(join: Joined) -> None:
    page, _ = join("video")
    page.wait("document.querySelector('video')?.videoWidth === 64")
    assert page.run("document.querySelector('header .trust').textContent") == "Avatar"
    assert not page.run("document.querySelector('canvas')")


def test_sound_and_a_microphone_begin_by_a_click(service: Running, join: Joined) -> None:
    page, made = join(script=BLOCKED + MICROPHONE)
    page.wait("document.querySelector('.listen')?.checkVisibility()")
    page.run("void (window.allowed = true)")
    page.press("Turn sound on")
    page.wait("!document.querySelector('.listen').checkVisibility()")
    session = next(one for one in service.registry.all() if one.id == made["id"])
    loudest = [0]
    hear = session.face.hear

    def heard(samples: np.ndarray, *more: Any) -> None:
        loudest[0] = max(loudest[0], int(np.abs(samples.astype(int)).max(initial=0)))
        hear(samples, *more)

    session.face.hear = heard  # type: ignore[method-assign]
    page.press("Turn microphone on")
    page.wait("document.querySelector('.microphone').textContent === 'Turn microphone off'")
    end = time.monotonic() + 20
    while loudest[0] < 3000:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_microphone_that_is_taken_away_is_said(join: Joined) -> None:
    page, _ = join(script=MICROPHONE)
    button = "document.querySelector('.microphone').textContent"
    page.press("Turn microphone on")
    page.wait(f"{button} === 'Turn microphone off'")
    page.run("microphone.getTracks()[0].dispatchEvent(new Event('ended'))")  # as a plug that is pulled does
    page.wait(f"{button} === 'Turn microphone on'", 20)
    assert page.run("document.querySelector('.status').textContent") == "The microphone was taken away."


def test_a_session_that_ends_while_the_browser_asks_leaves_no_microphone_on(join: Joined) -> None:
    page, session = join(script=MICROPHONE)
    page.run("void (window.asked = new Promise(answer => { window.answer = answer }))")
    page.press("Turn microphone on")
    path = f"/v1/sessions/{session['id']}?token={session['token']}"
    page.run(f"fetch('{path}', {{ method: 'DELETE' }}).then(() => true)")
    page.wait("document.documentElement.dataset.state === 'error'")
    page.run("answer()")
    page.wait("window.microphone?.getTracks().every(track => track.readyState === 'ended')", 20)


def test_the_end_of_a_session_is_told(join: Joined) -> None:
    page, session = join()
    path = f"/v1/sessions/{session['id']}?token={session['token']}"
    assert page.run(f"fetch('{path}', {{ method: 'DELETE' }}).then((answer) => answer.status)") == 204
    page.wait("document.documentElement.dataset.state === 'error'")
    assert page.state()[1] == "The session has ended."
    page.press("Try again")
    page.wait(
        "document.documentElement?.dataset.message?.startsWith('The session is over, or the link is not a valid')"
    )


def test_of_two_pages_of_a_session_the_first_gives_way(
    service: Running, join: Joined, open_page: Callable[..., Page]
) -> None:
    page, session = join()
    other = open_page(f"http://127.0.0.1:{service.port}{session['page_url']}", 320, 240)
    other.wait(OPEN)
    page.wait("document.documentElement.dataset.state === 'error'")
    assert page.state()[1] == "The session is watched elsewhere now: by one page at a time."
    assert other.run(OPEN)


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("", "The address of this page names nobody to talk to"),
        ("#session=none&token=none", "The session is over, or the link is not a valid one"),
        ("#livekit=ws://127.0.0.1:1&token=none", "The room does not let this page in"),
        ("#pipecat=/api/offer", "The bot refuses the connection (405)."),
    ],
)
def test_who_is_not_reached_is_told_in_a_sentence(
    service: Running, open_page: Callable[..., Page], fragment: str, said: str
) -> None:
    page = open_page(f"http://127.0.0.1:{service.port}/agent.html{fragment}", 320, 240)
    state, message = page.state()
    assert state == "error" and message.startswith(said), json.dumps(message)

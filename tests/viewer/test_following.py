"""Pages that follow a driver."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.protocol import decode, encode
from splatavatar.viewer.server import create_app, listen, serving
from splatavatar.viewer.share import Token
from splatavatar.viewer.sink import ViewerSink
from splatavatar.viewer.site import load_site
from support.line import IMPATIENT, Line

SIZE = 192
BARE = f"ui=0&marks=0&size={SIZE}x{SIZE}&background=ffffff"
SMILE = FaceSignal.neutral(mouthSmileLeft=0.8, mouthSmileRight=0.8, jawOpen=0.3)
WIDE = FaceSignal.neutral(eyeWideLeft=1, eyeWideRight=1, browInnerUp=1)


@pytest.fixture(scope="module")
def performer() -> Performer:
    return Performer(load_avatar(DEMO))


def expected(performer: Performer, signal: FaceSignal) -> np.ndarray:
    """What Python draws of the face as it comes over the wire."""
    sent, _ = decode(encode(signal, 0))
    return performer.draw(sent, performer.camera(SIZE, SIZE))


def until_shown(page: Any, picture: np.ndarray) -> None:
    """Wait until the page shows ``picture``."""
    end = time.monotonic() + 60
    while True:
        shown = page.screenshot(SIZE, SIZE)[..., :3].astype(int)
        away = np.abs(shown - picture)
        if away.mean() < 0.3 and np.percentile(away, 99.9) <= 3:
            return
        assert time.monotonic() < end, f"{away.mean():.2f} levels away, at most {away.max()}"
        time.sleep(0.1)


def test_all_pages_show_the_face_of_the_driver(
    built: None, open_page: Callable[..., Any], performer: Performer
) -> None:
    hub = Hub()
    sink = ViewerSink(hub)
    with listen(0) as listening, serving(create_app(DEMO, load_site(), hub=hub), listening):
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/?signal=live&{BARE}"
        first = open_page(address, SIZE, SIZE)
        until_shown(first, expected(performer, FaceSignal.neutral()))
        sink.take(SMILE, 0.0)
        until_shown(first, expected(performer, SMILE))
        late = open_page(address, SIZE, SIZE)  # sees the present face at once
        until_shown(late, expected(performer, SMILE))
        sink.take(WIDE, 0.03)
        for page in (first, late):
            until_shown(page, expected(performer, WIDE))
            assert page.messages == []
    sink.close()


def test_a_page_survives_a_restart_of_the_server(
    built: None, open_page: Callable[..., Any], performer: Performer
) -> None:
    hub, app_of = Hub(), lambda hub: create_app(DEMO, load_site(), hub=hub)
    live = "document.documentElement.dataset.live === '{}'"
    with listen(0) as listening, serving(app_of(hub), listening):
        port = listening.getsockname()[1]
        page = open_page(f"http://127.0.0.1:{port}/?signal=live&{BARE}", SIZE, SIZE)
        page.wait(live.format("connected"))
        for _ in range(3):
            hub.publish(encode(SMILE, 40000))
        until_shown(page, expected(performer, SMILE))
    page.wait(live.format("waiting"))
    another = Hub()
    ViewerSink(another).take(WIDE, 0.0)  # counts from its own beginning
    with listen(port) as listening, serving(app_of(another), listening):
        page.wait(live.format("connected"))
        until_shown(page, expected(performer, WIDE))


def test_a_page_notices_that_its_line_is_dead(
    built: None, open_page: Callable[..., Any], performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all its seconds a fifth as long."""
    monkeypatch.setattr("splatavatar.viewer.hub.REPEAT", 0.6)
    hub, live = Hub(), "document.documentElement.dataset.live === '{}'"
    sink = ViewerSink(hub)
    sink.take(SMILE, 0.0)
    with (
        listen(0) as listening,
        serving(create_app(DEMO, load_site(), hub=hub), listening),
        closing(Line(listening.getsockname()[1])) as line,
    ):
        page = open_page("", SIZE, SIZE)
        page.call("Page.addScriptToEvaluateOnNewDocument", source=IMPATIENT)
        page.open(f"http://127.0.0.1:{line.port}/?signal=live&{BARE}")
        until_shown(page, expected(performer, SMILE))
        page.run("new Promise(done => setTimeout(done, 3000))")  # a driver that stands still is not taken for dead
        assert page.run(live.format("connected")) and hub.viewers == 1
        page.run(
            "new MutationObserver(seen => (window.states ??= []).push(document.documentElement.dataset.live))"
            ".observe(document.documentElement, { attributeFilter: ['data-live'] })"
        )
        line.go_dead()
        sink.take(WIDE, 0.03)
        until_shown(page, expected(performer, WIDE))
        assert page.run("states.join()") == "waiting,connected"


def test_a_link_without_its_token_shows_nothing(
    built: None, open_page: Callable[..., Any], performer: Performer
) -> None:
    hub, token = Hub(), Token()
    ViewerSink(hub).take(SMILE, 0.0)
    with listen(0) as listening, serving(create_app(DEMO, load_site(), hub=hub, token=token), listening):
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        stranger = open_page("", SIZE, SIZE)
        stranger.open(f"{address}?signal=live", wait=False)
        stranger.wait("document.body?.innerText.includes('This link lacks its token')")
        page = open_page(f"{address}?token={token.text}&signal=live&{BARE}", SIZE, SIZE)
        until_shown(page, expected(performer, SMILE))


def test_a_page_comes_back_though_the_browser_has_opened_another_link(
    built: None, open_page: Callable[..., Any], performer: Performer
) -> None:
    live = "document.documentElement.dataset.live === '{}'"
    hub, token, other = Hub(), Token(), Token()
    ViewerSink(hub).take(SMILE, 0.0)
    site = load_site()
    with listen(0) as listening, serving(create_app(DEMO, site, hub=hub, token=token), listening):
        port = listening.getsockname()[1]
        page = open_page(f"http://127.0.0.1:{port}/?token={token.text}&signal=live&{BARE}", SIZE, SIZE)
        page.wait(live.format("connected"))
        with listen(0) as elsewhere, serving(create_app(DEMO, site, token=other), elsewhere):
            address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/?token={other.text}&{BARE}"
            assert open_page(address, SIZE, SIZE).state() == ("ready", "")
    page.wait(live.format("waiting"))
    with listen(port) as listening, serving(create_app(DEMO, site, hub=hub, token=token), listening):
        page.wait(live.format("connected"), 20)


def test_a_driver_that_has_no_place_is_asked_ever_more_seldom(
    built: None, open_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splatavatar.viewer.hub.MOST_VIEWERS", 0)
    with listen(0) as listening, serving(create_app(DEMO, load_site(), hub=Hub()), listening):
        page = open_page("", 500, 500)
        page.call(
            "Page.addScriptToEvaluateOnNewDocument",
            source="window.waits = []; window.setTimeout = (wait => (act, after, ...more) => {"
            " waits.push(after); return wait(act, after, ...more); })(window.setTimeout)",
        )
        page.open(f"http://127.0.0.1:{listening.getsockname()[1]}/?signal=live")
        page.wait("waits.filter(each => each >= 250 && each <= 4000).length > 2")
        assert page.run("waits.filter(each => each >= 250 && each <= 4000).slice(0, 3)") == [250, 500, 1000]
        assert "as many viewers as it takes" in page.run("document.querySelector('.status').textContent")


def test_a_driver_that_is_not_there_is_said(light: str, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{light}?signal=live", 500, 500)
    page.wait("document.querySelector('.status.wrong')?.textContent.startsWith('The driver cannot be reached')", 20)
    assert page.state() == ("ready", "")


def test_other_messages_are_said_once(built: None, open_page: Callable[..., Any]) -> None:
    hub = Hub()
    with listen(0) as listening, serving(create_app(DEMO, load_site(), hub=hub), listening):
        page = open_page(f"http://127.0.0.1:{listening.getsockname()[1]}/?signal=live", 500, 500)
        page.wait("document.documentElement.dataset.live === 'connected'")
        hub.publish(b"\x02" + bytes(79))
        page.wait("document.querySelector('.status').textContent.includes('version 2, expected 1')")


def test_a_frame_of_a_live_signal(address: str, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{address}?signal=live&frame=3", 300, 300)
    assert page.state() == (
        "error",
        "The link asks for a frame of a live signal, which has none that could be found again.",
    )


def test_faces_of_a_drive(tmp_path: Path) -> None:
    sink = ViewerSink(hub := Hub())
    sent: list[bytes] = []
    hub.publish = sent.append  # type: ignore[method-assign]
    for index in range(3):
        sink.take(SMILE, 100.0 + 0.5 * index)
    assert [(decode(message)[1], decode(message)[0].time) for message in sent] == [(0, 0.0), (1, 0.5), (2, 1.0)]

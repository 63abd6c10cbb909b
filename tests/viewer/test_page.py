"""The page in a browser, as people and other programs use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.library import DEMO
from support.browser import Browser, Page
from support.dropping import drop
from support.page_pictures import SIGNAL
from support.serving import serving

Opened = Callable[..., Page]


def slide(page: Page, name: str, value: float) -> None:
    """Move the slider of a label."""
    page.run(
        f"""(() => {{ const slider = document.querySelector('input[aria-label="{name}"]');
        slider.value = {value}; slider.dispatchEvent(new Event('input')); }})()"""
    )


def mouth(picture: np.ndarray) -> np.ndarray:
    """The part of a picture of 240x240 in which the demo's mouth is, and a little below it."""
    avatar = load_avatar(DEMO)
    camera, rig = default_camera(avatar, 240, 240), avatar.rig
    lips = rig.template[np.unique(rig.faces[rig.regions["lips"]])] @ camera.T_camera_world[:3, :3].T
    local = (lips + camera.T_camera_world[:3, 3]) @ camera.K.T
    pixels = (local[:, :2] / local[:, 2:]).astype(int)
    (left, top), (right, bottom) = pixels.min(0), pixels.max(0)
    return picture[top : bottom + 14, left:right, :3].astype(int)


def test_a_slider_opens_the_mouth(open_page: Opened, address: str) -> None:
    page = open_page(f"{address}?size=240x240&background=808080", 640, 300)
    assert page.state() == ("ready", "") and page.messages == []
    closed = page.settled()
    slide(page, "Jaw and tongue: Jaw open", 1)
    opened = page.settled()
    # The inside of a mouth is dark.
    assert (mouth(opened).mean(-1) < 50).sum() > (mouth(closed).mean(-1) < 50).sum() + 50
    page.press("Rest")
    assert np.array_equal(page.settled(), closed)


def test_every_coefficient_has_a_slider_with_a_name_of_its_own(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=64x64", 1000, 700)
    found = page.run("[...document.querySelectorAll('input[data-index]')].map(i => [i.dataset.index, i.ariaLabel])")
    assert sorted(int(index) for index, _ in found) == list(range(52))
    assert len({label for _, label in found}) == 52
    nameless = page.run(
        "[...document.querySelectorAll('button, input')]"
        ".filter(e => !e.ariaLabel && !e.textContent && !e.labels?.length).map(e => e.outerHTML)"
    )
    assert nameless == []


def test_nothing_is_asked_of_other_machines(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=64x64", 1000, 700)
    page.run("1")
    assert page.requests and all(request.startswith(light) for request in page.requests)


def test_a_recording_and_its_frames(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=256x256&signal=signals/hello.npz&frame=40&background=ffffff", 900, 500)
    assert page.run("document.querySelector('.clock').textContent") == "1.3 / 6.0 s"
    at_40 = page.settled()[:256, :256]
    page.run("document.querySelector('.transport .play').click()")
    page.wait("Number(document.querySelector('.transport input[type=range]').value) > 1.6")
    page.run("document.querySelector('.transport .play').click()")
    assert not np.array_equal(page.settled()[:256, :256], at_40)
    page.run(
        "(() => { const line = document.querySelector('.transport input[type=range]'); line.value = 40 / 30 + 0.001;"
        " line.dispatchEvent(new Event('input')); })()"
    )
    assert np.array_equal(page.settled()[:256, :256], at_40)


def test_files_that_are_dropped(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=200x200", 900, 500)
    drop(page, (SIGNAL.name, SIGNAL.read_bytes()))
    page.wait("!document.querySelector('.transport').hidden")
    page.wait("document.querySelector('.file').textContent === 'hello.npz'")
    page.wait("Number(document.querySelector('.transport input[type=range]').value) > 0.2")
    drop(page, ("broken.csv", b"time,jawOpen\n0,1\n"))
    message = page.wait("document.querySelector('.status.wrong')?.textContent")
    assert message.startswith("broken.csv: coefficients missing: ")
    drop(page, ("cut.splatavatar", DEMO.read_bytes()[:50_000]))
    page.wait("document.querySelector('.status.wrong')?.textContent.includes('not an intact avatar')")
    drop(page, ("notes.txt", b"hello"))
    page.wait("document.querySelector('.status.wrong')?.textContent.startsWith('notes.txt: expected an avatar')")
    drop(page, ("again.splatavatar", DEMO.read_bytes()))
    page.wait("document.querySelector('.status')?.textContent === 'again.splatavatar is loaded.'")


def test_a_sound_is_heard_with_its_signal(open_page: Opened, light: str) -> None:
    rate, seconds = 8000, 2
    tone = (8000 * np.sin(np.arange(rate * seconds) / 5)).astype("<i2").tobytes()
    head = b"RIFF" + (36 + len(tone)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (1).to_bytes(2, "little") * 2 + rate.to_bytes(4, "little") + (2 * rate).to_bytes(4, "little")
    head += (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + len(tone).to_bytes(4, "little")
    page = open_page(f"{light}?size=64x64", 900, 500)
    drop(page, ("voice.wav", head + tone), (SIGNAL.name, SIGNAL.read_bytes()))
    # The signal goes on after the sound has ended.
    page.wait("Number(document.querySelector('.transport input[type=range]').value) > 2.4")
    assert page.run("document.querySelector('.play').textContent") == "Pause"
    assert page.run("document.querySelector('.clock').textContent").endswith("/ 6.0 s")


def test_looking_around_with_mouse_wheel_touch_and_keys(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=300x300&background=ffffff", 900, 500)
    label = "document.querySelector('canvas').ariaLabel"
    assert "from the front" in page.run(label)
    for kind, x in (("mousePressed", 150), ("mouseMoved", 100), ("mouseReleased", 100)):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=150, button="left", buttons=1, clickCount=1)
    assert "20 degrees from its left" in page.run(label)
    page.run("document.querySelector('canvas').focus()")
    for key in ("0", "ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        page.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    assert "10 degrees from its right, 5 degrees from above" in page.run(label)
    far = (page.settled()[:300, :300, :3] < 250).any(-1).sum()
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=150, y=150, deltaX=0, deltaY=-300)
    near = (page.settled()[:300, :300, :3] < 250).any(-1).sum()
    assert near > 1.3 * far


def test_fingers_turn_pinch_and_move(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=300x300&background=ffffff", 900, 500, touch=True)

    def touch(kind: str, *points: tuple[int, int]) -> None:
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        page.call("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)

    def seen() -> np.ndarray:
        return (page.settled()[:300, :300, :3] < 250).any(-1)

    before = seen()
    touch("touchStart", (120, 150), (180, 150))
    for step in range(1, 7):
        touch("touchMove", (120 + 8 * step, 150), (180 - 8 * step + 60, 150))
    touch("touchEnd")
    assert "from the front" in page.run("document.querySelector('canvas').ariaLabel")
    smaller = seen()
    assert smaller.sum() < 0.8 * before.sum()
    touch("touchStart", (150, 150))
    touch("touchMove", (100, 150))
    touch("touchEnd")
    assert "20 degrees from its left" in page.run("document.querySelector('canvas').ariaLabel")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_fits_a_phone(open_page: Opened, light: str, scheme: str) -> None:
    page = open_page(light, 390, 780, touch=True, scheme=scheme)
    assert page.state() == ("ready", "")
    page.run("document.querySelector('.toggle').click()")
    assert page.run("document.documentElement.scrollWidth") <= 390
    outside = page.run(
        "[...document.querySelectorAll('button')]"
        ".filter(b => b.offsetParent && b.getBoundingClientRect().right > 390).length"
    )
    assert outside == 0
    corner = page.settled()[5, 5, :3].astype(int)
    assert (corner.max() < 60) if scheme == "dark" else (corner.min() > 200)


def test_a_picture_and_a_film_can_be_kept(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=96x96&background=transparent&signal=signals/hello.npz&frame=0", 900, 500)
    page.run(
        "window.kept = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { kept.push([blob.type, blob.size]); return make(blob); }"
    )
    page.press("Save picture")
    page.wait("kept.some(([kind, size]) => kind === 'image/png' && size > 1000)")
    page.press("Record film")
    page.wait("!!document.querySelector('[aria-pressed=true]')")
    page.wait("Number(document.querySelector('.transport input[type=range]').value) > 0.5")
    page.press("Stop film")
    page.wait("kept.some(([kind, size]) => kind.startsWith('video/') && size > 1000)")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?avatar=nothing", "The avatar cannot be fetched: the server has none there (404)."),
        ("?size=big", "The link asks for size=big; expected WIDTHxHEIGHT of up to 8192 pixels."),
        (
            "?signal=signals/hello.npz&frame=9999",
            "The link asks for frame 9999; the signal has 180 frames, counted from 0.",
        ),
        (
            "?signal=icon.svg",
            "icon.svg: unknown kind of face signal, expected .json (ARKit), .csv (Live Link Face) or .npz.",
        ),
        ("?avatar=icon.svg", "This is not an intact avatar: "),
        ("?avatar=http://192.0.2.1/x.splatavatar", "The avatar cannot be fetched: the server does not answer, or its "),
    ],
)
def test_a_link_that_cannot_be_shown_says_why(open_page: Opened, light: str, query: str, message: str) -> None:
    page = open_page(light + query, 500, 400)
    state, said = page.state()
    assert state == "error" and said.startswith(message) and said.endswith(".")
    assert page.run("document.querySelector('[role=alert] p').textContent") == said


def test_a_damaged_avatar_is_refused(browser: Browser, built: None, tmp_path: Path) -> None:
    content = bytearray(DEMO.read_bytes())
    content[-1000] ^= 4
    (tmp_path / "damaged.splatavatar").write_bytes(content)
    with serving(tmp_path / "damaged.splatavatar") as where:
        page = browser.page(400, 300)
        page.open(where)
        assert page.state()[0] == "error" and "checksum" in page.state()[1]
        page.close()


def test_without_webgl2_it_says_so(browser: Browser, address: str) -> None:
    page = browser.page(400, 300)
    script = "HTMLCanvasElement.prototype.getContext = () => null"
    page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    page.open(address)
    assert page.state()[0] == "error" and page.state()[1].startswith("This browser shows no WebGL2")
    page.close()


def test_a_lost_context_comes_back(open_page: Opened, light: str) -> None:
    page = open_page(f"{light}?size=128x128&ui=0&background=ffffff", 200, 200)
    before = page.settled()
    page.run(
        "(async () => { const lose = document.querySelector('canvas').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context'); lose.loseContext(); await new Promise(r => setTimeout(r, 100));"
        " lose.restoreContext(); await new Promise(r => setTimeout(r, 300)); })()"
    )
    assert np.array_equal(page.settled(), before)

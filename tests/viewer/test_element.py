"""The element <splat-avatar> in pages of other people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.library import DEMO
from support.browser import Page
from support.page_pictures import SIGNAL
from support.static import static

SIDE = 160
Place = Callable[..., Page]
HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>{script}'
    "<style>body { margin: 0; background: #fff } splat-avatar { width: 160px; height: 160px; vertical-align: top }"
    "</style></head><body>"
)
CLASSIC = '<script src="element/splat-avatar.js"></script>'
MODULE = (
    '<script type="module">import * as all from "./element/index.js"; window.all = all;'
    ' window.known = !!customElements.get("splat-avatar")</script>'
)
ALL_READY = "Promise.all([...document.querySelectorAll('splat-avatar')].map(e => e.ready)).then(() => true)"


@pytest.fixture(scope="module")
def folder(element: Path, light_avatar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages of the tests lie beside: the built element, an avatar, a signal."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "element").symlink_to(element)
    (folder / "a.splatavatar").symlink_to(light_avatar)
    (folder / "demo.splatavatar").symlink_to(DEMO)
    (folder / "hello.npz").symlink_to(SIGNAL)
    content = bytearray(light_avatar.read_bytes())
    content[-1000] ^= 4
    (folder / "damaged.splatavatar").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def where(folder: Path) -> Iterator[str]:
    with static(folder) as address:
        yield address


@pytest.fixture
def place(folder: Path, where: str, open_page: Callable[..., Page]) -> Place:
    """``place(body, script)``: a tab with a page of that body."""

    def placed(body: str, script: str = CLASSIC, width: int = 2 * SIDE, height: int = SIDE) -> Page:
        # Of a name that it knows a browser may show what it kept.
        name = f"page{len(list(folder.glob('*.html')))}.html"
        (folder / name).write_text(HEAD.replace("{script}", script) + body)
        page = open_page("", width, height)
        page.open(where + name, wait=False)
        page.wait(f"location.pathname === '/{name}' && document.readyState === 'complete'")
        return page

    return placed


def mouth(picture: np.ndarray, left: int = 0) -> int:
    """Dark pixels where the mouth is, in a picture that begins at ``left``: its inside is dark."""
    part = picture[74:100, left + 70 : left + 93, :3].astype(int)
    return int((part.mean(-1) < 50).sum())


def test_two_on_a_page_each_with_a_face_of_its_own(place: Place) -> None:
    page = place(
        "".join(f'<splat-avatar id="{name}" src="demo.splatavatar"></splat-avatar>' for name in ("one", "two"))
    )
    assert page.run(ALL_READY)
    page.run("two.apply({ jawOpen: 1 })")
    seen = page.settled()
    assert (seen[:, :SIDE, :3] < 200).any(-1).sum() > 3000  # there is a head on the white page
    assert mouth(seen, SIDE) > mouth(seen) + 20
    page.run("two.apply(new Float32Array(52)); one.apply({ arkit: { jawOpen: 1 } })")
    swapped = page.settled()
    assert np.array_equal(swapped[:, :SIDE], seen[:, SIDE:])
    assert np.array_equal(swapped[:, SIDE:], seen[:, :SIDE])
    assert page.messages == []


def test_what_leaves_the_page_gives_its_graphics_memory_back(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar"></splat-avatar><div id="elsewhere"></div>')
    assert page.run(ALL_READY)
    before = page.settled()[:, :SIDE]
    page.run("window.one = one; window.canvas = one.shadowRoot.querySelector('canvas')")
    page.run("window.gl = canvas.getContext('webgl2'); elsewhere.append(one)")
    assert not page.run("new Promise(done => setTimeout(() => done(gl.isContextLost()), 100))")  # it was only moved
    assert page.run("one.shadowRoot.querySelector('canvas') === canvas")
    page.run("one.remove()")
    page.wait("gl.isContextLost() && !one.shadowRoot.querySelector('canvas')")
    asked = len(page.requests)
    page.run("document.body.prepend(one)")
    assert np.array_equal(page.settled()[:, :SIDE], before)
    assert len(page.requests) == asked  # the avatar was kept
    page.run(
        "(async () => { for (let i = 0; i < 20; i++) { const other = document.createElement('splat-avatar');"
        " other.src = 'a.splatavatar'; document.body.append(other); await other.ready; other.remove(); } })()"
    )
    assert not page.run("one.shadowRoot.querySelector('canvas').getContext('webgl2').isContextLost()")


def test_one_that_leaves_while_it_loads(place: Place) -> None:
    page = place('<splat-avatar id="one"></splat-avatar>')
    page.run("window.one = one; window.said = []; one.addEventListener('error', e => said.push(e.message))")
    page.run("one.src = 'demo.splatavatar'; one.src = 'a.splatavatar'; one.remove()")
    page.run("new Promise(resolve => setTimeout(resolve, 500))")
    assert page.run("[said.length, !!one.shadowRoot.querySelector('canvas')]") == [0, False]
    page.run("document.body.append(one)")
    assert page.run(ALL_READY) and page.run("said") == []


def test_what_is_asked_for_while_it_is_away_is_seen_when_it_is_back(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar" no-label></splat-avatar>')
    assert page.run(ALL_READY)
    label = "!!one.shadowRoot.querySelector('.trust')"
    assert page.run(label) is False
    for no_label in ("false", "true"):
        page.run("window.one = one; one.remove(); new Promise(resolve => setTimeout(resolve, 50))")
        page.run(f"one.noLabel = {no_label}; document.body.prepend(one)")
        assert page.run(label) is (no_label == "false")


def test_one_that_is_gone_for_good_is_held_by_nothing_of_the_page(place: Place) -> None:
    page = place(
        '<audio id="voice"></audio><span id="in"><splat-avatar src="a.splatavatar" signal="hello.npz" media="voice" '
        "controls></splat-avatar></span>"
    )
    assert page.run(ALL_READY)
    page.run(
        "window.gone = new WeakRef(document.querySelector('splat-avatar')); document.querySelector('#in').remove()"
    )
    for _ in range(40):
        page.run("new Promise(resolve => setTimeout(resolve, 50))")
        page.call("HeapProfiler.collectGarbage")
        if page.run("!gone.deref()"):
            break
    else:
        raise AssertionError("the element is held")


def test_a_background(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar" background="#204080"></splat-avatar>')
    assert page.run(ALL_READY)
    assert page.settled()[3, 3].tolist() == [32, 64, 128, 255]
    page.run("one.background = null")
    assert page.settled()[3, 3].tolist() == [255, 255, 255, 255]  # the page's own


def test_more_than_a_browser_has_contexts_for(place: Place) -> None:
    page = place('<splat-avatar src="a.splatavatar" style="display: block"></splat-avatar>' * 11)
    assert page.run(ALL_READY)
    count = "[...document.querySelectorAll('splat-avatar')].map(e => +!!e.shadowRoot.querySelector('canvas'))"
    assert sum(page.run(count)) == 8
    page.run("scrollTo(0, 1e6)")
    page.wait(f"{count}.at(-1)")
    assert sum(page.run(count)) == 8
    assert (page.settled()[:, :SIDE, :3] < 200).any(-1).sum() > 3000


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('src="nothing"', "The avatar cannot be fetched: the server has none there (404)."),
        ('src="hello.npz"', "This is not an intact avatar: it is a zip archive."),
        ('src="damaged.splatavatar"', "This is not an intact avatar: its checksum is another one;"),
        ('src="a.splatavatar" yaw="left"', 'The element says yaw="left"; expected a number from -3600 to 3600.'),
        ('src="a.splatavatar" background="sky"', 'The element says background="sky"; expected #rrggbb or transparent.'),
        (
            'signal="element/LICENSE"',
            "LICENSE: unknown kind of face signal, expected .json (ARKit), .csv",
        ),
        ('signal="wss://"', "The driver's address is none that this page may follow: wss://."),
        ('signal="ws://127.0.0.1:9/live"', "The driver cannot be reached; the element keeps trying."),
        ('signal="hello.npz" media="voice"', "There is no audio or video element with the id voice."),
    ],
)
def test_what_is_wrong_is_said_once_in_one_sentence(place: Place, attributes: str, message: str) -> None:
    listening = "<script>window.said = []; addEventListener('error', e => said.push(e.message), true)</script>"
    page = place(f"<splat-avatar id='one' {attributes}></splat-avatar>", listening + CLASSIC)
    said = page.wait("said[0]")
    assert said.startswith(message) and said.endswith(".")
    assert page.run("one.shadowRoot.querySelector('[role=alert]').textContent") == said
    outcome = page.run(
        "Promise.race([one.ready.then(() => 'ready', e => e.message), new Promise(r => setTimeout(r, 800))])"
    )
    expected = "ready" if 'src="a.' in attributes else said if "src=" in attributes else None
    assert outcome == expected
    assert page.run("said") == [said]
    page.run(
        "one.setAttribute('yaw', 0); one.background = null; one.signal = null; one.removeAttribute('media');"
        " one.src = 'a.splatavatar'"
    )
    page.wait("one.shadowRoot.querySelector('[role=alert]').textContent === ''")
    assert page.run(ALL_READY)


def test_importing_it_does_nothing(place: Place) -> None:
    page = place('<splat-avatar id="one"></splat-avatar><my-face id="two" src="a.splatavatar"></my-face>', MODULE)
    page.wait("window.all")
    assert page.run("window.known") is False
    assert page.run("Object.keys(all).sort()") == ["ARKIT_NAMES", "SplatAvatar", "axisAngle", "define"]
    documented = (Path(__file__).parents[2] / "docs" / "embed.md").read_text().partition("\n## Properties")[0]
    assert all(f"`{name}`" in documented for name in page.run("all.SplatAvatar.observedAttributes"))
    page.run("one.src = 'a.splatavatar'; one.camera = { yaw: 40 }")  # before it has its class
    page.run("all.define(); all.define(); all.define('my-face')")
    assert page.run("Promise.all([one.ready, two.ready]).then(() => one.getAttribute('src'))") == "a.splatavatar"
    assert page.run("two instanceof all.SplatAvatar && one.camera.yaw === 40 && two.camera.yaw === 0")
    assert page.messages == []


def test_the_module_that_defines_it(place: Place) -> None:
    page = place('<splat-avatar src="a.splatavatar">', '<script type="module" src="element/define.js"></script>')
    page.wait("customElements.get('splat-avatar')")
    assert page.run(ALL_READY)


def test_a_page_with_a_strict_policy(place: Place) -> None:
    policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-hashes'"
    page = place(
        '<splat-avatar src="a.splatavatar">', f'<meta http-equiv="content-security-policy" content="{policy}">{CLASSIC}'
    )
    assert page.run(ALL_READY)
    assert page.run("document.querySelector('splat-avatar').getBoundingClientRect().width") == 300  # its own style


def test_faces_that_are_none(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar"></splat-avatar>')
    given = ["[1, 2]", "{ jawOpened: 1 }", "{ jawOpen: NaN }", "null", "{ gaze: [0, 0] }"]
    found = page.run(
        f"[{', '.join(given)}].map(face => {{ try {{ one.apply(face) }} catch (e) {{ return `${{e}}` }} }})"
    )
    assert all(text.startswith("TypeError: ") and text.endswith(".") for text in found), found


def test_it_has_a_name_and_can_be_turned_by_keys(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar" controls yaw="-20" pitch="5" distance="2">')
    assert page.run(ALL_READY)

    def image() -> str:
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        (found,) = [node for node in nodes if node["role"]["value"] == "image"]
        return str(found["name"]["value"])

    assert "seen 20 degrees from its right, 5 degrees from above. Arrow keys turn" in image()
    page.run("one.focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        page.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    assert page.run("one.camera") == {"yaw": 5, "pitch": 0, "distance": 2, "pan": [0, 0]}
    page.run("one.controls = false; one.camera = { yaw: 0, distance: 1 }")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight")
    assert page.run("one.camera.yaw") == 0 and image().endswith("seen from the front")
    page.run("one.setAttribute('aria-label', 'Anna')")
    assert image() == "Anna"


def test_children_are_seen_until_the_avatar_is_there(place: Place) -> None:
    page = place('<splat-avatar id="one"><span id="inside">Loading</span></splat-avatar>')
    seen = "inside.getClientRects().length"
    assert page.run(seen) == 1
    page.run("one.src = 'a.splatavatar'; one.ready")
    assert page.run(seen) == 0
    page.run("one.src = null")
    assert page.run(seen) == 1


def test_a_recording_plays_and_a_later_face_takes_its_place(place: Place) -> None:
    page = place('<splat-avatar id="one" src="a.splatavatar" signal="hello.npz" loop></splat-avatar>')
    assert page.run(ALL_READY)
    first = page.screenshot()
    for _ in range(40):
        page.run("new Promise(resolve => setTimeout(resolve, 100))")
        if not np.array_equal(page.screenshot(), first):
            break
    else:
        raise AssertionError("nothing moves")
    page.run("one.apply({})")
    page.run("one.pause()")
    at_rest = page.settled()
    page.run("one.play()")
    page.wait("new Promise(resolve => setTimeout(resolve, 900, true))")
    page.run("one.pause()")
    assert not np.array_equal(page.settled(), at_rest)

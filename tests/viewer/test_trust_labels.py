"""The label that says that a picture is of an avatar, and what opens below it, where people see it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.viewer.one_file import embedded_avatar, write_page
from splatavatar.viewer.site import load_site
from support.browser import Page
from support.dropping import drop
from support.serving import serving
from support.static import static
from support.trust_golden import RECORD, signed

Opened = Callable[..., Page]
BADGE = "document.querySelector('.trust')"
SPOKEN = f"{BADGE}?.querySelector('summary').ariaLabel"
SIGNED = 'This is an avatar. Signed by Löwe & Söhne "GmbH" \\ \U0001f9d1, key 5647 5aa7 5463 474c 0285 df5d bf2b cab7'
FACTS = f"Object.fromEntries([...{BADGE}.querySelectorAll('dt')].map(t => [t.textContent, t.nextSibling.textContent]))"
NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });"
UNMARKED = "Without watermark: pictures of this page do not say what they are."
EXPIRED = {**RECORD, "date": "2020-01-01", "expires": "2021-12-31"}


@pytest.fixture(scope="module")
def folder(light_avatar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Avatars of all kinds: ``signed``, ``changed`` after it was signed, ``spaced`` (bytes of the layout were),
    ``early`` (signed on a day to come), ``expired``, ``bare`` without anything."""
    folder = tmp_path_factory.mktemp("trust")

    def save(name: str, metadata: dict[str, Any], change: Callable[[Avatar], Avatar] = lambda avatar: avatar) -> None:
        avatar = replace(load_avatar(light_avatar), metadata=metadata, signature=None)
        save_avatar(folder / f"{name}.splatavatar", change(avatar))

    def sign(avatar: Avatar) -> Avatar:
        return replace(avatar, signature=signed(avatar).to_text())

    def sign_badly(avatar: Avatar) -> Avatar:
        right = signed(avatar)
        return replace(avatar, signature=replace(right, name="Somebody else").to_text())

    def sign_early(avatar: Avatar) -> Avatar:
        return replace(avatar, signature=signed(avatar, datetime.date(2999, 1, 1)).to_text())

    save("signed", {"name": "Ada", "consent": RECORD}, sign)
    save("changed", {"name": "Ada", "consent": RECORD}, sign_badly)
    signed_bytes = (folder / "signed.splatavatar").read_bytes()
    end = 8 + int.from_bytes(signed_bytes[:8], "little")
    spaced = end.to_bytes(8, "little") + signed_bytes[8:end] + b" " * 8 + signed_bytes[end:]
    (folder / "spaced.splatavatar").write_bytes(spaced)
    save("early", {"name": "Ada", "consent": RECORD}, sign_early)
    save("expired", {"name": "Ada", "consent": EXPIRED}, sign)
    save("bare", {"name": "Ada"})
    return folder


@contextmanager
def served(folder: Path, name: str) -> Iterator[str]:
    with serving(folder / f"{name}.splatavatar") as where:
        yield where


def press(page: Page, key: str) -> None:
    text = {"Enter": "\r"}.get(key, "")
    code = {"Enter": 13, "Escape": 27, "Tab": 9}[key]
    page.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code)
    page.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def test_a_signed_avatar_says_by_whom(built: None, open_page: Opened, folder: Path) -> None:
    with served(folder, "signed") as where:
        page = open_page(f"{where}?size=64x64", 1000, 700)
        assert page.state() == ("ready", "") and page.messages == []
        assert page.run(SPOKEN).startswith(SIGNED)
        assert page.run(f"{BADGE}.className") == "trust valid"
        facts = page.run(FACTS)
        assert facts["Shows"] == "Ada Löwe" and facts["Taken back at"] == RECORD["revocation"]
        assert page.run(f"{BADGE}.querySelectorAll('a, img, iframe').length") == 0
        assert all(request.startswith(where) for request in page.requests)


def test_another_avatar_has_another_label(built: None, open_page: Opened, folder: Path) -> None:
    with served(folder, "signed") as where:
        page = open_page(f"{where}?size=64x64", 1000, 700)
        assert page.state() == ("ready", "")
        drop(page, ("changed.splatavatar", (folder / "changed.splatavatar").read_bytes()))
        page.wait(f"{BADGE}.className === 'trust wrong'")
        drop(page, ("bare.splatavatar", (folder / "bare.splatavatar").read_bytes()))
        page.wait(f"{SPOKEN} === 'This is an avatar. Unsigned. No record of consent.'")
        assert page.run("document.querySelectorAll('.trust').length") == 1


def test_keys_open_and_close_it_and_nothing_moves(built: None, open_page: Opened, folder: Path) -> None:
    places = "[...document.querySelectorAll('button, canvas')].map(e => { const b = e.getBoundingClientRect();"
    places += " return [b.x, b.y, b.width, b.height] })"
    with served(folder, "signed") as where:
        page = open_page(where, 1000, 700)
        assert page.state() == ("ready", "")
        before = page.run(places)
        page.run("document.querySelector('.toggle').focus()")
        press(page, "Tab")
        assert page.run("document.activeElement === document.querySelector('.trust summary')")
        press(page, "Enter")
        page.wait(f"{BADGE}.open")
        assert page.run(places) == before
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        assert any(str(node.get("name", {}).get("value", "")).startswith(SIGNED) for node in nodes)
        press(page, "Escape")
        page.wait(f"!{BADGE}.open")
        assert page.run("document.activeElement === document.querySelector('.trust summary')")
        press(page, "Enter")
        page.wait(f"{BADGE}.open")
        page.run("document.querySelector('canvas').focus()")
        page.wait(f"!{BADGE}.open")


@pytest.mark.parametrize(
    ("name", "alert", "signature"),
    [
        ("changed", "signature does not fit", "Signature does not fit: changed or damaged"),
        ("spaced", "signature does not fit", "Signature does not fit: changed or damaged"),
        ("early", "signature of a day to come", "Signed by "),
        ("expired", "consent expired", "Signed by "),
        ("bare", None, "Unsigned"),
    ],
)
def test_what_is_wrong_is_seen_at_once(
    built: None, open_page: Opened, folder: Path, name: str, alert: str | None, signature: str
) -> None:
    with served(folder, name) as where:
        page = open_page(where, 390, 780, touch=True)
        assert page.state() == ("ready", "")
        assert page.run(f"{BADGE}.querySelector('b')?.textContent ?? null") == alert
        assert page.run(FACTS)["Signature"].startswith(signature)
        assert page.run("document.documentElement.scrollWidth") <= 390
        right = page.run(f"{BADGE}.querySelector('summary').getBoundingClientRect().right")
        assert right < page.run("document.querySelector('.toggle').getBoundingClientRect().left")


def test_where_the_browser_cannot_check_it_says_so(built: None, open_page: Opened, folder: Path) -> None:
    with served(folder, "signed") as where:
        page = open_page("", 600, 400)
        page.call("Page.addScriptToEvaluateOnNewDocument", source=NO_CRYPTO)
        page.open(where)
        assert page.state() == ("ready", "")
        assert "not checked here" in page.run(FACTS)["Signature"]
        assert page.run(f"{BADGE}.className") == "trust plain"


def test_the_picture_alone_has_it_where_the_link_asks(built: None, open_page: Opened, folder: Path) -> None:
    with served(folder, "signed") as where:
        page = open_page(f"{where}?ui=0&size=200x200", 300, 300)
        assert page.state() == ("ready", "") and page.run(SPOKEN) is None
        page.open(f"{where}?ui=0&size=200x200&label=1")
        assert page.run(SPOKEN).startswith(SIGNED)


def test_a_page_without_watermark_says_so(built: None, open_page: Opened, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "me.html"
    write_page(path, load_site(), "me", [embedded_avatar(folder / "signed.splatavatar")])
    line = "document.querySelector('.unmarked')"
    with served(folder, "signed") as where:
        page = open_page("", 390, 500)
        for address in (where, path.as_uri()):
            page.open(f"{address}?ui=0&label=1")
            assert page.state() == ("ready", "") and not page.run(f"!!{line}")
            for fields in ("", "ui=0&", "ui=0&size=64x64&label=1&"):
                page.open(f"{address}?{fields}marks=0")
                assert page.state() == ("ready", "") and page.messages == []
                assert page.run(f"{line}.textContent") == UNMARKED
                x, y, right, bottom = page.run(
                    f"(() => {{ const b = {line}.getBoundingClientRect(); return [b.x, b.y, b.right, b.bottom] }})()"
                )
                assert 0 <= x < right <= 390 and 0 <= y < bottom <= 500
                seen = page.screenshot()[int(y) : int(bottom), int(x) : int(right)].copy()
                page.run(f"{line}.remove()")
                unseen = page.screenshot()[int(y) : int(bottom), int(x) : int(right)]
                assert (seen != unseen).any(-1).mean() > 0.5


def test_a_page_of_one_file_checks_by_itself(built: None, open_page: Opened, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "me.html"
    write_page(path, load_site(), "me", [embedded_avatar(folder / "signed.splatavatar")])
    page = open_page(path.as_uri(), 700, 500)
    assert page.state() == ("ready", "") and page.messages == []
    assert page.run(SPOKEN).startswith(SIGNED)


def test_the_element_says_it_unless_the_page_does(element: Path, open_page: Opened, folder: Path) -> None:
    (folder / "element").symlink_to(element)
    (folder / "page.html").write_text(
        '<!doctype html><title>Page</title><script src="element/splat-avatar.js"></script>'
        '<splat-avatar id="one" src="signed.splatavatar" label="top-right" controls></splat-avatar>'
        '<splat-avatar id="two" src="changed.splatavatar" no-label></splat-avatar>'
    )
    with static(folder) as where:
        page = open_page("", 640, 340)
        page.open(f"{where}page.html", wait=False)
        page.wait("document.readyState === 'complete' && !!window.one")
        page.run("Promise.all([one.ready, two.ready]).then(() => true)")
        spoken = "shadowRoot.querySelector('.trust summary')?.ariaLabel ?? null"
        assert page.run(f"one.{spoken}").startswith(SIGNED)
        # What is wrong is said all the same.
        assert "Signature does not fit" in page.run(f"two.{spoken}")
        box = "(() => { const s = one.shadowRoot.querySelector('summary').getBoundingClientRect(),"
        box += " o = one.getBoundingClientRect(); return [o.right - s.right, s.top - o.top] })()"
        assert page.run(box) == [6, 6]
        page.run("one.shadowRoot.querySelector('summary').click()")
        page.wait("one.shadowRoot.querySelector('.trust').open")
        assert page.run("one.camera.yaw") == 0  # the view does not turn
        page.run("one.noLabel = true")
        assert page.run(f"one.{spoken}") is None
        page.run("one.noLabel = false; one.src = 'bare.splatavatar'; one.ready")
        page.wait(f"(one.{spoken})?.includes('Unsigned')")
        page.run("one.label = 'middle'")
        said = page.run("one.shadowRoot.querySelector('[role=alert]').textContent")
        assert said == 'The element says label="middle"; expected bottom-left, bottom-right, top-left, top-right.'
        assert page.messages == []

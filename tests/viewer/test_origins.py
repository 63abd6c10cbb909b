"""Pages of other servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.library import DEMO
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SettingsError
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.origins import origin
from splatavatar.viewer.sink import ViewerSink
from support.asking import ask
from support.browser import Page
from support.serving import serving
from support.static import static

FRIEND = "https://example.org:8443"
WIDE = FaceSignal.neutral(eyeWideLeft=1, eyeWideRight=1, browInnerUp=1, jawOpen=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTPS://Example.org:443/", "https://example.org"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_named_as_browsers_name_them(text: str, expected: str) -> None:
    assert origin(text) == expected


@pytest.mark.parametrize("text", ["example.org", "*", "null", "https://example.org/page", "ftp://example.org", ""])
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(SettingsError, match="is no origin; name one as"):
        origin(text)


def test_pages_of_an_origin_that_is_named_are_answered(built: None) -> None:
    with serving(DEMO, origins=[FRIEND]) as address:
        status, headers, body = ask(address, "/avatar.splatavatar", origin=FRIEND, range="bytes=0-9")
        assert (status, body) == (206, DEMO.read_bytes()[:10])
        assert headers["access-control-allow-origin"] == FRIEND
        assert headers["access-control-expose-headers"] == "content-range"
        status, headers, _ = ask(address, "/avatar.splatavatar", "OPTIONS", origin=FRIEND)
        assert status == 204 and headers["access-control-allow-headers"] == "range"
        for stranger in ("https://example.org", "null", FRIEND + ".evil.example"):
            status, headers, _ = ask(address, "/avatar.splatavatar", origin=stranger)
            assert status == 403 and "access-control-allow-origin" not in headers
        # Another name for this machine is refused to friends, too.
        assert ask(address, "/", host="evil.example", origin=FRIEND)[0] == 403
        assert "access-control-allow-origin" not in ask(address, "/")[1]


@pytest.fixture
def elsewhere(element: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server of somebody else."""
    (tmp_path / "splat-avatar.js").symlink_to(element / "splat-avatar.js")
    with static(tmp_path) as address:
        yield address


def test_an_element_in_a_page_of_another_server_follows_a_driver(
    built: None, light_avatar: Path, elsewhere: str, tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    hub = Hub()
    sink = ViewerSink(hub)
    with serving(light_avatar, hub=hub, origins=[origin(elsewhere)]) as address:
        live = address.replace("http:", "ws:") + "live"
        (tmp_path / "page.html").write_text(
            '<!doctype html><body><script src="splat-avatar.js"></script><script>window.said = []</script>'
            f'<splat-avatar id="one" src="{address}avatar.splatavatar" signal="{live}"></splat-avatar>'
            "<script>for (const name of ['connected', 'disconnected', 'error'])"
            " one.addEventListener(name, event => said.push(event.message ?? name))</script>"
        )
        page = open_page("", 320, 320)
        page.open(f"{elsewhere}page.html", wait=False)
        page.wait("window.said?.includes('connected')")
        assert page.run("one.ready.then(() => true)")
        rest = page.screenshot()
        sink.take(WIDE, 0.0)
        page.wait("new Promise(resolve => setTimeout(resolve, 600, true))")
        assert not np.array_equal(page.screenshot(), rest)
    page.wait("said.includes('disconnected')")
    port = int(address.rpartition(":")[2].strip("/"))
    with serving(light_avatar, port=port, hub=Hub(), origins=[origin(elsewhere)]):
        page.wait("said.filter(name => name === 'connected').length === 2")
    assert "error" not in page.run("said")
    sink.close()


def test_without_permission_it_says_that_it_cannot(
    built: None, light_avatar: Path, elsewhere: str, tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    with serving(light_avatar, hub=Hub()) as address:
        (tmp_path / "page.html").write_text(
            '<!doctype html><body><script src="splat-avatar.js"></script>'
            f'<splat-avatar id="one" signal="{address.replace("http:", "ws:")}live"></splat-avatar>'
            f'<splat-avatar id="two" src="{address}avatar.splatavatar"></splat-avatar>'
        )
        page = open_page("", 640, 320)
        page.open(f"{elsewhere}page.html", wait=False)
        alert = "document.querySelector('#{}')?.shadowRoot.querySelector('[role=alert]').textContent"
        assert page.wait(alert.format("one")) == "The driver cannot be reached; the element keeps trying."
        assert page.wait(alert.format("two")).startswith("The avatar cannot be fetched: the server does not answer, or")

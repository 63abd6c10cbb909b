"""Files that the page loads from servers of all kinds."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.browser import Page
from support.page_pictures import SIGNAL

CUT = "was cut off on its way here: the connection is gone."


@pytest.fixture
def elsewhere(light_avatar: Path) -> Iterator[str]:
    """Of a server that lets pages of all origins read its answers, but not how long a file is of which it sends a part.

    ``/whole`` is an avatar, of ``/cut`` and ``/cut.npz`` only a part comes, of ``/tail`` only the first part that is
    asked for; any other name is a signal.
    """
    avatar, signal = light_avatar.read_bytes(), SIGNAL.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = signal if self.path.endswith(".npz") else avatar
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "")
            begin, end = (int(asked[1]), int(asked[2] or len(content) - 1) + 1) if asked else (0, len(content))
            end = min(end, len(content))
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("content-range", f"bytes {begin}-{end - 1}/{len(content)}")
            if self.path == "/tail":
                self.send_header("access-control-expose-headers", "content-range")
            self.send_header("access-control-allow-origin", "*")
            self.send_header("content-length", str(end - begin))
            self.end_headers()
            cut = self.path.startswith("/cut") or (self.path == "/tail" and begin > 0)
            self.wfile.write(content[begin : begin + (end - begin) // 2 if cut else end])

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_an_avatar_of_another_origin_that_hides_its_length(
    light: str, elsewhere: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{light}?avatar={elsewhere}whole")
    assert page.state() == ("ready", "")
    assert page.messages == []


@pytest.mark.parametrize(
    ("query", "what"),
    [("avatar={}cut", "The avatar"), ("avatar={}tail", "The avatar"), ("signal={}cut.npz", "The signal")],
)
def test_what_is_cut_off_is_said_in_a_sentence(
    light: str, elsewhere: str, open_page: Callable[..., Page], query: str, what: str
) -> None:
    page = open_page(f"{light}?{query.format(elsewhere)}")
    assert page.state() == ("error", f"{what} {CUT}")


def test_a_name_that_is_no_address_encoded(light: str, elsewhere: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{light}?signal={elsewhere}100%25.npz&frame=0")
    assert page.state() == ("ready", "")

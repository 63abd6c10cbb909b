"""What the tests of rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.viewer.room.room import Room
from support import chromium
from support.browser import Browser, Page
from support.room_pages import MICROPHONE, Entered, Open, opened, take_seat
from support.thinned import thinned


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with every fiftieth Gaussian of the demo avatar."""
    path = tmp_path_factory.mktemp("room") / "few.splatavatar"
    save_avatar(path, thinned(load_avatar(DEMO), 50))
    return path.read_bytes()


@pytest.fixture(scope="module")
def room_browser(built: None) -> Iterator[Browser]:
    """A Chromium with a microphone."""
    with chromium.started(*MICROPHONE) as running:
        yield running


@pytest.fixture
def room(built: None) -> Iterator[Open]:
    """A room for eight."""
    with opened(Room(8)) as there:
        yield there


@pytest.fixture
def enter(room_browser: Browser, light_avatar: Path) -> Iterator[Entered]:
    """``enter(link, name)``: a page whose person has tried to take a seat."""
    tabs: list[Page] = []

    def entered(
        link: str,
        name: str,
        avatar: bytes | None = None,
        size: tuple[int, int] = (480, 360),
        script: str = "",
        **more: Any,
    ) -> Page:
        page = room_browser.page(*size, **more)
        tabs.append(page)
        if script:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        page.open(link)
        if page.state()[0] == "ready":
            take_seat(page, name, light_avatar.read_bytes() if avatar is None else avatar)
        return page

    yield entered
    for page in tabs:
        page.close()

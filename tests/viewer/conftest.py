"""A browser and a server for the tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.viewer import site
from support import chromium
from support.browser import Browser, Page
from support.page_pictures import SIGNAL
from support.serving import serving
from support.thinned import thinned


@pytest.fixture(scope="session")
def address(built: None) -> Iterator[str]:
    """Of a server of the demo avatar and ``signals/hello.npz``."""
    with serving(DEMO, {SIGNAL.name: SIGNAL}) as where:
        yield where


@pytest.fixture(scope="session")
def light_avatar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every tenth Gaussian of the demo avatar, which software graphics draw fluently."""
    path = tmp_path_factory.mktemp("light") / "light.splatavatar"
    save_avatar(path, thinned(load_avatar(DEMO), 10))
    return path


@pytest.fixture(scope="session")
def light(built: None, light_avatar: Path) -> Iterator[str]:
    """Of a server of the light avatar."""
    with serving(light_avatar, {SIGNAL.name: SIGNAL}) as where:
        yield where


@pytest.fixture(scope="session")
def element() -> Path:
    """The folder of the built npm package, or the test is skipped and says how to build it."""
    folder = Path(site.__file__).parent / "element"
    if not (folder / "package.json").is_file():
        pytest.skip("the element is not built in this checkout; build it with: make element")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests, or the test is skipped and says how to get one."""
    with chromium.started() as running:
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """``open_page(address, width, height, touch, scheme)``: a tab with the page, closed after the test."""
    tabs = []

    def opened(where: str, *size: int, **more: Any) -> Page:
        page = browser.page(*size, **more)
        tabs.append(page)
        if where:
            page.open(where)
        return page

    yield opened
    for page in tabs:
        page.close()

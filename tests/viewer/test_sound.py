"""Sounds that fall onto the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.browser import Page
from support.dropping import drop

SPEECH = Path(__file__).parents[2] / "data" / "speech" / "fingers.mp3"
LISTEN = "window.Audio = class extends Audio { constructor(...given) { super(...given); window.heard = this; } };"
"""lets a test look at what the page plays"""
SAID = "document.querySelector('.status').textContent"


@pytest.fixture
def page(light: str, open_page: Callable[..., Page]) -> Page:
    page = open_page("")
    page.call("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
    page.open(light)
    return page


def test_a_sound_alone_is_heard_to_its_end(page: Page) -> None:
    drop(page, (SPEECH.name, SPEECH.read_bytes()))
    page.wait("heard.currentTime > 0.5 && !heard.paused")
    assert "add a face signal" in page.run(SAID)
    page.wait("heard.ended && document.querySelector('.play').textContent === 'Play'")
    page.press("Play")
    page.wait("heard.currentTime > 0.2 && heard.currentTime < 3 && !heard.paused")
    assert page.messages == []


def test_a_damaged_sound_is_said_to_be_one(page: Page) -> None:
    drop(page, ("voice.mp3", bytes(range(1, 256)) * 40))
    page.wait(f"{SAID}.startsWith('This browser cannot play the sound')")
    page.wait("heard.paused")

"""The pages of people in a room, as the tests fill them in and look at them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from splatavatar.viewer.room.room import Room
from splatavatar.viewer.site import load_site
from support.browser import Page
from support.rooms import running, token

Entered = Callable[..., Page]
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""a microphone that beeps, allowed without a question"""
IN = "document.documentElement.dataset.room === 'in'"
SAID = "document.querySelector('.said')?.textContent"
PEOPLE = "document.querySelector('.people').textContent"
SENTENCES = 60
"""pixels at the top in which the page says what happens"""


@dataclass(frozen=True)
class Open:
    """A room that is open."""

    room: Room
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def link(self, number: int) -> str:
        """The invitation of that number."""
        return f"{self.base}room.html?token={token(self.room, number)}"


@contextmanager
def opened(room: Room, port: int = 0) -> Iterator[Open]:
    """Serve the room while the block lasts."""
    with running(room, load_site(), port) as found:
        yield Open(room, found)


def take_seat(page: Page, name: str, avatar: bytes) -> None:
    """Fill in the form and send it; wait until the person is in or is told why not."""
    page.run(f"document.querySelector('#name').value = {json.dumps(name)}")
    page.run(
        f"""(() => {{
        const bytes = Uint8Array.from(atob({json.dumps(base64.b64encode(avatar).decode())}), c => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'me.splatavatar'));
        const field = document.querySelector('#avatar');
        field.files = transfer.files;
        field.dispatchEvent(new Event('change')); }})()"""
    )
    page.wait(f"{SAID} || document.querySelector('#chosen').textContent.includes(' MB')")
    if not page.run(SAID):
        page.run("document.querySelector('button[type=submit]').click()")
        page.wait(f"{IN} || {SAID}")


def smile(page: Page, share: float) -> None:
    """Hold a smile with an open mouth."""
    for name in ("Mouth: Smile, left", "Mouth: Smile, right", "Jaw and tongue: Jaw open"):
        page.run(
            f"""(() => {{ const slider = document.querySelector('input[aria-label="{name}"]');
            slider.value = {share}; slider.dispatchEvent(new Event('input')); }})()"""
        )


def wait_for_people(page: Page, count: int) -> None:
    """Wait until so many are there, oneself included, and the heads of all others are in the picture."""
    page.wait(
        f"document.documentElement.dataset.people === '{count}'"
        f" && document.documentElement.dataset.heads === '{count - 1}'"
    )


def changed(a: np.ndarray, b: np.ndarray) -> int:
    """Pixels that differ well."""
    return int((np.abs(a[..., :3].astype(int) - b[..., :3].astype(int)).max(-1) > 24).sum())


def once_changed(page: Page, before: np.ndarray) -> np.ndarray:
    """The picture at rest, once it is another one than ``before``."""
    for _ in range(20):
        if changed(before, now := page.settled(SENTENCES)) > 20:
            return now
    raise AssertionError("the picture stays as it was")

"""The examples of <splat-avatar>, as a plain server of files shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from support.browser import Page
from support.static import static

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.html"))
READY = "Promise.all([...document.querySelectorAll('splat-avatar')].map(e => e.ready)).then(() => true)"


@pytest.fixture(scope="module")
def where(element: Path, light_avatar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder that looks like the repository, but for an avatar that is drawn fluently everywhere."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("examples", "data"):
        (folder / name).symlink_to(ROOT / name)
    for name, target in (("viewer/element", element), ("avatar/data/demo.splatavatar", light_avatar)):
        place = folder / "splatavatar" / name
        place.parent.mkdir(parents=True)
        place.symlink_to(target)
    with static(folder) as address:
        yield address


@pytest.fixture
def example(where: str, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """``example(name)``: a tab with an example whose avatars are there."""

    def opened(name: str) -> Page:
        page = open_page("", 760, 640)
        page.open(f"{where}examples/{name}.html", wait=False)
        page.wait("document.readyState === 'complete' && !!customElements.get('splat-avatar')")
        assert page.run(READY)
        return page

    return opened


def wait(page: Page, milliseconds: int) -> None:
    page.run(f"new Promise(resolve => setTimeout(resolve, {milliseconds}))")


def moves(page: Page) -> bool:
    """Whether the page shows something else within a while."""
    before = page.screenshot()
    for _ in range(50):
        wait(page, 100)
        if not np.array_equal(page.screenshot(), before):
            return True
    return False


def test_there_are_no_others() -> None:
    assert [path.stem for path in EXAMPLES] == ["coefficients", "page", "speech"]
    assert len((ROOT / "examples" / "coefficients.html").read_text().splitlines()) <= 30


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_they_name_is_there(element: Path, path: Path) -> None:
    named = re.findall(r'(?:src|signal)="([^"]+)"', path.read_text())
    assert named and all((path.parent / name).is_file() for name in named)


def test_avatars_in_a_page(example: Callable[[str], Page]) -> None:
    page = example("page")
    assert moves(page)
    page.wait("said.textContent.startsWith('Seen from ')")
    right = "(() => { const box = posed.getBoundingClientRect(); return [box.left, box.top].map(Math.round); })()"
    left, top = page.run(right)
    page.run("document.querySelector('splat-avatar').pause()")

    def shown() -> np.ndarray:
        wait(page, 700)
        return page.screenshot()[top : top + 320, left : left + 320].copy()

    rest = shown()
    page.press("Smile")
    smile = shown()
    assert not np.array_equal(smile, rest)
    page.run("side.click()")
    assert page.run("posed.camera.yaw") == 50 and not np.array_equal(shown(), smile)
    assert page.messages == []


def test_a_face_from_52_numbers(example: Callable[[str], Page]) -> None:
    page = example("coefficients")
    assert moves(page)
    assert page.messages == []


def test_a_voice_is_the_clock_of_its_face(example: Callable[[str], Page]) -> None:
    page = example("speech")

    def shown() -> np.ndarray:
        wait(page, 700)
        return page.screenshot()[:360, :360].copy()

    still = shown()
    assert np.array_equal(shown(), still)
    page.run("voice.play()")
    page.wait("voice.currentTime > 0.6")
    page.run("voice.pause()")
    open_lips = shown()
    assert not np.array_equal(open_lips, still)
    assert np.array_equal(shown(), open_lips)
    page.run("voice.currentTime = 0")
    assert np.array_equal(shown(), still)
    assert page.messages == []

"""The head in a headset, an emulated one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.performer import Performer
from splatavatar.render.camera import Camera
from support.browser import Browser, Page
from support.headset import APART, EYE, FOV_Y, IWER, SIZE, eyes, frames, placed, wear

Worn = Callable[..., Page]
FOCAL = SIZE / 2 / math.tan(FOV_Y / 2)
DARK = np.array([0x16, 0x18, 0x1C]) / 255
MARK = (0x8A, 0xB4, 0xF8)


@pytest.fixture
def worn(browser: Browser, address: str, light: str) -> Iterator[Worn]:
    """``worn(mode, whole)``: a page in a session of that mode, with the demo avatar or the light one."""
    if not IWER.is_file():
        pytest.skip("no emulated headset: install the tests of the page, which bring one: make page")
    tabs = []

    def enter(mode: str, whole: bool = False) -> Page:
        page = browser.page(2 * SIZE, SIZE)
        tabs.append(page)
        wear(page, f"{address if whole else light}?size=64x64", mode)
        return page

    yield enter
    for page in tabs:
        page.close()


def expected(place: np.ndarray, side: float) -> np.ndarray:
    """What ``splatavatar render`` makes of what an eye sees, ``side`` of the middle in metres: (SIZE, SIZE, 4)."""
    x, y, z, yaw, scale = place
    assert scale == 1
    c, s = math.cos(yaw), math.sin(yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    look = np.diag([1.0, -1.0, -1.0])
    T_camera_world = np.eye(4)
    T_camera_world[:3, :3] = look @ turn
    T_camera_world[:3, 3] = look @ (np.array([x, y, z]) - np.array(EYE) - [side, 0, 0])
    K = np.array([[FOCAL, 0, SIZE / 2], [0, FOCAL, SIZE / 2], [0, 0, 1]])
    camera = Camera(K=K, T_camera_world=T_camera_world, width=SIZE, height=SIZE)
    return np.asarray(Performer(load_avatar(DEMO)).draw(None, camera, None))


def over(picture: np.ndarray, background: np.ndarray) -> np.ndarray:
    alpha = picture[..., 3:] / 255
    return picture[..., :3] / 255 * alpha + background * (1 - alpha)


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(-10 * np.log10(((a - b)[where] ** 2).mean()))


def test_each_eye_sees_a_life_size_head_from_where_it_is(worn: Worn) -> None:
    page = worn("VR", whole=True)
    place = placed(page)
    seen = eyes(page)
    centres = []
    for picture, side in zip(seen, (-APART / 2, APART / 2), strict=True):
        reference = expected(place, side)
        there = reference[..., 3] > 128
        # The same picture: nothing else has its place, its height and its features at once.
        assert psnr(over(picture, DARK), over(reference, DARK), there) > 28
        rows = np.flatnonzero((np.abs(picture[..., :3] / 255 - DARK).max(-1) > 0.15).any(1))
        assert abs(rows[0] - np.flatnonzero(there.any(1))[0]) <= 2
        shifted = expected(place, -side)
        assert psnr(over(picture, DARK), over(shifted, DARK), there) < 20
        skin = np.abs(picture[:300, :, :3] / 255 - DARK).max(-1) > 0.15
        centres.append(np.argwhere(skin)[:, 1].mean())
    # Parallel eyes: what is z away lies focal * distance of the eyes / z apart.
    ahead = EYE[2] - place[2]
    near, far = FOCAL * APART / (ahead - 0.2), FOCAL * APART / (ahead + 0.1)
    assert far < centres[0] - centres[1] < near


def test_the_head_looks_back_at_the_height_of_ones_own_eyes(worn: Worn) -> None:
    page = worn("VR")
    rig = load_avatar(DEMO).rig
    x, y, z, yaw, scale = placed(page)
    between = rig.joints[[joint for joint in rig.eye_joints if joint is not None]].mean(0)
    assert scale == 1 and yaw == pytest.approx(0, abs=1e-6)
    ahead = [EYE[0], EYE[1], EYE[2] - 0.9]
    assert [x + between[0], y + between[1], z + between[2]] == pytest.approx(ahead, abs=1e-3)


def test_in_ones_own_room_there_is_nothing_but_the_head(worn: Worn) -> None:
    page = worn("AR", whole=True)
    assert page.run("session.environmentBlendMode") == "alpha-blend"
    left, _ = eyes(page)
    reference = expected(placed(page), -APART / 2)
    assert (left[[0, 0, -1, -1], [0, -1, 0, -1], 3] == 0).all()
    head = reference[:300, :, 3]
    assert (left[:300, :, 3][head == 255] > 240).mean() > 0.99 and (left[:200, :, 3][head[:200] == 0] < 8).mean() > 0.99


def test_a_hand_moves_it_and_two_make_it_larger(worn: Worn) -> None:
    page = worn("VR")

    def hand(side: str, x: float, y: float, z: float) -> None:
        page.run(f"headset.controllers.{side}.position.set({x}, {y}, {z})")
        frames(page)

    def squeeze(side: str, value: int) -> None:
        page.run(f"headset.controllers.{side}.updateButtonValue('squeeze', {value})")
        frames(page)

    start = placed(page)
    hand("right", 0.3, 1.2, -0.3)
    squeeze("right", 1)
    hand("right", 0.2, 1.35, -0.5)
    squeeze("right", 0)
    hand("right", 0.9, 0.9, 0.9)
    moved = placed(page)
    assert moved - start == pytest.approx([-0.1, 0.15, -0.2, 0, 0], abs=1e-4)
    hand("left", -0.2, 1.3, -0.4)
    hand("right", 0.2, 1.3, -0.4)
    squeeze("left", 1)
    squeeze("right", 1)
    hand("left", -0.3, 1.3, -0.4)
    hand("right", 0.3, 1.3, -0.4)
    squeeze("left", 0)
    squeeze("right", 0)
    assert placed(page)[4] == pytest.approx(1.5, abs=1e-3)


def test_what_is_nearer_hides_it_and_what_is_farther_does_not(worn: Worn) -> None:
    page = worn("VR")
    frames(page)

    def there() -> int:
        """Pixels of the mark of the right hand."""
        left, _ = eyes(page)
        return int((np.abs(left[..., :3].astype(int) - MARK).max(-1) < 4).sum())

    page.run("headset.controllers.left.position.set(3, 0, 3)")
    for z, least, most in ((-0.3, 300, 4000), (-1.2, 0, 0)):
        page.run(f"headset.controllers.right.position.set({EYE[0]}, {EYE[1]}, {z})")
        frames(page)
        assert least <= there() <= most


def test_the_page_goes_on_when_the_session_ends(worn: Worn) -> None:
    page = worn("VR")
    page.run("session.end()")
    page.wait("document.documentElement.dataset.headset === 'ended'")
    page.run("[...document.querySelectorAll('.headset button')][1].click()")
    page.wait("document.documentElement.dataset.headset === 'running'")
    assert page.messages == []


def test_without_a_headset_no_button_offers_one(browser: Browser, light: str) -> None:
    page = browser.page(800, 400)
    page.open(f"{light}?size=64x64")
    assert page.run("document.querySelector('.headset').hidden && !document.querySelector('.headset button')")
    assert not [request for request in page.requests if "headset" in request or "report" in request]
    page.close()


def test_a_self_check_shows_a_code(browser: Browser, light: str) -> None:
    page = browser.page(900, 500)
    page.open(f"{light}?size=64x64&selfcheck=128")
    assert page.state() == ("ready", "")
    code = page.run("document.documentElement.dataset.selfcheck")
    where, *levels = code.split("-")
    assert where == "1p" and [level.split(".")[0] for level in levels] == ["0", "1", "2", "3"]
    assert all(len(level.split(".")) == 7 for level in levels)
    assert code in page.run("document.querySelector('.selfcheck').textContent")
    page.close()

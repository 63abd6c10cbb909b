"""The page draws what ``splatavatar render`` draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from support import page_golden
from support.browser import Page
from support.page_pictures import SIGNAL, SIZE, VIEWS, Bytes, Difference, View, difference, rendered
from support.serving import serving

WHITE = (1.0, 1.0, 1.0)
SWAPPED = 8
"""pixels: two small Gaussians"""
Opened = Callable[..., Page]


@lru_cache(1)
def demo() -> Avatar:
    return load_avatar(DEMO)


def shown(page: Page, address: str, view: View, background: str, **more: str) -> Bytes:
    page.open(f"{address}?{view.query(background, **more)}")
    assert page.state() == ("ready", "")
    return page.screenshot(SIZE, SIZE)


def compared(shot: Bytes, view: View) -> Difference:
    """Of a picture over white, or with straight alpha, and what Python renders."""
    clear = shot.shape[2] == 4
    alpha = rendered(demo(), view, None)
    return difference(shot, alpha if clear else rendered(demo(), view, WHITE), alpha[..., 3])


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_picture_of_a_link_is_that_of_render(open_page: Opened, address: str, view: View) -> None:
    page = open_page("", SIZE, SIZE)
    found = compared(shown(page, address, view, "ffffff")[..., :3], view)
    assert found.mean <= 0.4 and found.p999 <= 2.5 and found.swapped <= SWAPPED, found


@pytest.mark.parametrize("view", VIEWS[1::4], ids=str)
def test_a_transparent_picture_too(open_page: Opened, address: str, view: View) -> None:
    page = open_page("", SIZE, SIZE)
    shot = shown(page, address, view, "transparent")
    found = compared(shot, view)
    assert found.mean <= 0.4 and found.p999 <= 2.5 and found.swapped <= SWAPPED, found
    alpha = shot[..., 3].astype(int)
    assert np.abs(alpha - rendered(demo(), view, None)[..., 3]).max() <= 4
    assert alpha[0, 0] == 0 and alpha.max() == 255


@pytest.mark.parametrize("view", VIEWS[::4], ids=str)
def test_without_half_floats_it_is_nearly_as_near(open_page: Opened, address: str, view: View) -> None:
    page = open_page("", SIZE, SIZE)
    found = compared(shown(page, address, view, "ffffff", target="rgb10_a2")[..., :3], view)
    assert found.mean <= 0.7 and found.p999 <= 3.5, found


@pytest.mark.parametrize(("correctives", "framed"), [(11, True), (0, False)])
def test_other_avatars(open_page: Opened, built: None, tmp_path: Path, correctives: int, framed: bool) -> None:
    # Few large Gaussians of strong colours that lie through one another: what is off shows.
    avatar = page_golden.small_avatar()
    c = avatar.correctives
    few = replace(
        c,
        position=c.position[:correctives],
        colour=c.colour[:correctives],
        weights=c.weights[:correctives],
        bias=c.bias[:correctives],
    )
    metadata = avatar.metadata if framed else {"name": "unframed"}
    path = tmp_path / "other.splatavatar"
    save_avatar(path, replace(avatar, correctives=few, metadata=metadata))
    other = load_avatar(path)
    page = open_page("", SIZE, SIZE)
    with serving(path, {SIGNAL.name: SIGNAL}) as where:
        for view in (View(), View(yaw=140, pitch=-30, frame=40)):
            shot = shown(page, where, view, "ffffff")[..., :3]
            alpha = rendered(other, view, None)[..., 3]
            found = difference(shot, rendered(other, view, WHITE), alpha)
            assert found.mean <= 0.4 and found.p999 <= 2.5 and (alpha > 8).sum() > 2000, found

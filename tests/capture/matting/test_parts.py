"""The parts of the matting, each by itself."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splatavatar.capture.matting.anatomy import anatomy, head_width
from splatavatar.capture.matting.background import estimate_background
from splatavatar.capture.matting.clean import one_piece
from splatavatar.capture.matting.colour_model import LEVELS, Histogram, bins_of
from splatavatar.capture.matting.estimate import doubtful
from splatavatar.capture.matting.foreign import is_foreign
from splatavatar.capture.matting.graph_cut import cut
from splatavatar.capture.matting.leaks import departures, weight
from splatavatar.capture.matting.padding import continued, outside
from splatavatar.capture.matting.picture import COARSE, prepare
from splatavatar.capture.matting.soft_edge import soften
from splatavatar.capture.video.crop import Crop
from support.drawn import Drawn

NONE = np.zeros((40, 40), bool)
FLAT = np.full((40, 40, 2), 128, np.uint8)


@settings(max_examples=50, deadline=None)
@given(st.integers(-30, 90), st.integers(-30, 60), st.integers(40, 120))
def test_outside_is_what_the_window_says(x: int, y: int, size: int) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
    window = Crop(x, y, size, size)
    found = outside(window.squared(window.cut(frame), 100, 80), window)
    left, top, right, bottom = window.rectangle(100, 80)
    expected = np.ones((window.out, window.out), bool)
    expected[top:bottom, left:right] = False
    assert np.array_equal(found, expected)


def test_mask_goes_on_outside_the_frame() -> None:
    mask, padded = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    mask[3, 2:4] = True
    padded[4:] = True
    assert np.array_equal(continued(mask, padded)[5], mask[3])


def test_width_of_the_head_is_not_that_of_the_shoulders() -> None:
    widths = np.r_[np.linspace(10, 60, 30), np.full(40, 60), np.full(20, 40), np.full(40, 150)].astype(int)
    assert head_width(widths) == 60


@pytest.mark.parametrize("degrees", [-20, 0, 15])
def test_head_is_turned_upright(degrees: float) -> None:
    shape = np.zeros((128, 128), np.uint8)
    cv2.ellipse(shape, (64, 60), (20, 30), degrees, 0, 360, 1, -1)
    plan = anatomy(shape > 0)
    assert plan is not None
    crown = np.array([64 + 30 * np.sin(np.radians(degrees)), 60 - 30 * np.cos(np.radians(degrees)), 1])
    x, y = plan.head @ crown
    assert abs(np.degrees(np.arctan2(x, -y))) < 6


def test_no_outline_has_no_anatomy() -> None:
    assert anatomy(NONE) is None


def test_cut_follows_the_odds_and_settles_doubts() -> None:
    truth = np.arange(40)[:, None] * np.ones((1, 40)) >= 20
    picture = FLAT.copy()
    picture[20:] = 200
    odds = np.where(truth, 1.0, -1.0) + np.random.default_rng(0).normal(0, 1, (40, 40))
    found = cut(odds.astype(np.float32), picture, NONE, NONE, NONE)
    assert ((odds > 0) == truth).mean() < 0.9 < 0.99 < (found == truth).mean()


def test_cut_prefers_the_edge_of_the_picture() -> None:
    odds = np.zeros((40, 40), np.float32)
    odds[:, :5], odds[:, -5:] = -8.0, 8.0
    picture = FLAT.copy()
    picture[:, 23:] = 200
    assert np.array_equal(cut(odds, picture, NONE, NONE, NONE), np.arange(40) * np.ones((40, 1)) >= 23)


def test_cut_obeys_what_is_known() -> None:
    sure, never = NONE.copy(), NONE.copy()
    sure[:, :8], never[:, 32:] = True, True
    found = cut(np.where(sure, -9, 9).astype(np.float32), FLAT, sure, never, NONE)
    assert found[sure].all() and not found[never].any()


def test_one_piece_drops_islands_and_fills_small_holes() -> None:
    mask, sure = NONE.copy(), NONE.copy()
    mask[5:35, 5:25] = True
    mask[10:12, 10:12] = mask[20:30, 10:20] = False
    mask[5:10, 30:35] = True
    sure[6, 6] = True
    found = one_piece(mask, sure, 20)
    assert found[10:12, 10:12].all()
    assert not found[20:30, 10:20].any() and not found[:, 28:].any()


def test_colours_that_were_seen_are_denser() -> None:
    red = np.full((4, 4, 3), (80, 160, 110), np.uint8)
    grey = np.full((4, 4, 3), (120, 128, 128), np.uint8)
    histogram = Histogram()
    histogram.add(bins_of(red).ravel())
    density = histogram.log_density()
    assert density[bins_of(red)[0, 0]] > density[bins_of(grey)[0, 0]] + 3
    assert np.exp(density.astype(np.float64)).sum() * LEVELS == pytest.approx(1, abs=0.02)


def test_background_is_seen_where_the_person_is_not() -> None:
    rng = np.random.default_rng(1)
    wall = rng.integers(40, 220, (40, 60, 3)).astype(np.uint8)
    pictures, free, offsets = [], [], []
    for k in range(6):
        picture = wall[:, 2 * k : 2 * k + 40].copy()
        person = NONE.copy()
        person[10:30, 6 * k : 6 * k + 8] = True
        picture[person] = 255
        pictures.append(picture)
        free.append(~person)
        offsets.append((2.0 * k, 0.0))
    found = estimate_background(pictures, free, offsets)
    assert found is not None
    assert np.abs(found.behind(offsets[2], (40, 40)) - wall[:, 4:44]).max() <= 1
    density = found.log_density(pictures[2], offsets[2], free[2], ~NONE).reshape(40, 40)
    # The outermost column is between the pixels that were seen in any picture.
    known = np.isfinite(density)
    assert known.mean() > 0.9
    assert density[free[2] & known].min() > density[~free[2] & known].max()


def test_pictures_far_apart_have_no_common_background() -> None:
    pictures = [np.zeros((40, 40, 3), np.uint8)] * 2
    assert estimate_background(pictures, [~NONE] * 2, [(0.0, 0.0), (4000.0, 0.0)]) is None


def test_edges_come_out_as_soft_as_they_are() -> None:
    alpha = np.clip((np.arange(128) - 60) / 8, 0, 1) * np.ones((128, 1))
    image = np.rint(40 + 180 * alpha[..., None] * np.ones(3)).astype(np.uint8)
    matte = soften(cv2.resize(alpha, (64, 64)) > 0.5, image)
    assert np.abs(matte - alpha).max() < 0.15
    assert (matte[:, :50] == 0).all() and (matte[:, 80:] == 1).all()


def test_a_matte_is_soft_near_its_outline_only() -> None:
    """A stripe of the wall that looks like the person stays out, however much it looks so."""
    mask = np.arange(128) * np.ones((128, 1)) < 60
    image = np.full((128, 128, 3), 90, np.uint8)
    image[40:44] = 160
    matte = soften(mask, image)
    assert (matte[:, 80:] == 0).all() and (matte[:, :40] == 1).all()


def test_doubt_is_wider_than_an_edge() -> None:
    odds = np.where(np.arange(80) < 40, 8.0, -8.0) * np.ones((80, 1))
    odds[:, 38:42] = 0
    odds[30:50, 42:62] = 1
    found = doubtful(odds.astype(np.float32))
    assert found[35:45, 46:58].all()
    assert not found[:25].any() and not found[:, 66:].any()


def test_what_is_before_the_person_or_far_beside_them_is_foreign(drawn: Drawn) -> None:
    picture = prepare(drawn.images[0], drawn.silhouettes[0], drawn.windows[0])
    assert picture is not None
    person = cv2.resize(drawn.truth[0].astype(np.uint8), (COARSE, COARSE), interpolation=cv2.INTER_NEAREST) > 0
    odds = np.where(person, 8, -8).astype(np.float32)
    assert not is_foreign(picture, odds)
    width = round(picture.plan.width)
    before, beside, edge = odds.copy(), odds.copy(), odds.copy()
    y, x = (int(v) for v in np.argwhere(picture.plan.sure).mean(0))
    before[y : y + width // 3, x : x + width // 3] = -8
    assert is_foreign(picture, before)
    beside[:, : width // 2][picture.plan.never[:, : width // 2]] = 8
    assert is_foreign(picture, beside)
    edge[picture.plan.sure & ~(cv2.erode(picture.plan.sure.astype(np.uint8), np.ones((3, 3))) > 0)] = -8
    assert not is_foreign(picture, edge)


def test_leak_and_hole_are_told_from_the_neighbours(drawn: Drawn) -> None:
    pictures = [prepare(*of) for of in zip(drawn.images, drawn.silhouettes, drawn.windows, strict=True)]
    seen = [p for p in pictures if p]
    masks = [cv2.resize(t.astype(np.uint8), (COARSE, COARSE), interpolation=cv2.INTER_NEAREST) > 0 for t in drawn.truth]
    assert max(d.area for d in departures(seen, masks)) < 0.02
    leaking = [mask.copy() for mask in masks]
    leaking[5][10:40, 90:115] = True
    leaking[8][100:115, 50:75] = False
    areas = [d.area for d in departures(seen, leaking)]
    assert set(np.flatnonzero(np.array(areas) > 0.05)) == {5, 8}
    (leak,) = departures(seen, leaking, [5])
    assert leak.odds[20:30, 95:110].max() < 0
    assert weight(areas[5], areas[5]) < 0.3 < weight(areas[5], 0.0) < 1.0 == weight(0.0, 0.0)


def test_few_neighbours_tell_nothing(drawn: Drawn) -> None:
    picture = prepare(drawn.images[0], drawn.silhouettes[0], drawn.windows[0])
    assert picture is not None
    other = replace(picture, offset=(5.0, 0.0))
    found = departures([picture, other], [picture.plan.sure, ~picture.plan.sure])
    assert [d.area for d in found] == [0.0, 0.0]

from __future__ import annotations

import sys

import numpy as np
import pytest

from splatavatar.bake.scoring.metrics import PSNR_CEILING, composite, flip, psnr, psnr_masked, score, ssim


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.random((20, 30, 3)).astype(np.float32)


def test_composite_is_over_grey() -> None:
    colour = np.ones((1, 3, 3), np.float32)
    over = composite(colour, np.array([[0, 0.5, 1]], np.float32))
    np.testing.assert_allclose(over[0, :, 0], [0.6, 0.8, 1.0], rtol=1e-6)


def test_psnr_of_a_constant_error() -> None:
    a = np.full((4, 5, 3), 0.5, np.float32)
    assert psnr(a, a + np.float32(0.1)) == pytest.approx(20, abs=1e-4)
    assert psnr(a, a - np.float32(0.01)) == pytest.approx(40, abs=1e-4)


def test_psnr_masked_counts_the_matte_only() -> None:
    a = np.zeros((2, 2, 3), np.float32)
    b = a.copy()
    b[0, 0] = 0.1
    b[1, 1] = 0.9
    matte = np.array([[1, 255], [0, 0]], np.uint8)
    # Two pixels inside, one of them off by 0.1: a mean squared error of 0.005.
    assert psnr_masked(a, b, matte) == pytest.approx(-10 * np.log10(0.005), abs=1e-4)
    assert psnr_masked(a, b, np.zeros((2, 2), np.uint8)) is None


def test_equal_pictures(picture: np.ndarray) -> None:
    assert psnr(picture, picture) == PSNR_CEILING
    assert ssim(picture, picture) == pytest.approx(1)
    assert flip(picture, picture) == pytest.approx(0, abs=1e-6)


def test_ssim_of_flat_pictures_is_the_luminance_term() -> None:
    a, b = np.full((11, 11, 3), 0.4, np.float32), np.full((11, 11, 3), 0.6, np.float32)
    assert ssim(a, b) == pytest.approx((2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4), rel=1e-6)


def test_ssim_against_the_definition(picture: np.ndarray) -> None:
    other = np.clip(picture * 0.7 + 0.1 * picture[::-1], 0, 1).astype(np.float32)
    offsets = np.arange(11) - 5
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    values = []
    for channel in range(3):
        for row in range(20 - 10):
            for column in range(30 - 10):
                x = picture[row : row + 11, column : column + 11, channel].astype(float)
                y = other[row : row + 11, column : column + 11, channel].astype(float)
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                cxy = (window * (x - mx) * (y - my)).sum()
                values.append((2 * mx * my + 1e-4) * (2 * cxy + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    assert ssim(picture, other) == pytest.approx(np.mean(values), abs=1e-9)


def test_ssim_needs_a_whole_window() -> None:
    with pytest.raises(ValueError, match="at least 11x11 pixels, got 12x10"):
        ssim(np.zeros((10, 12, 3), np.float32), np.zeros((10, 12, 3), np.float32))


def test_flip_of_black_and_white_and_of_a_small_change(picture: np.ndarray) -> None:
    black, white = np.zeros((16, 16, 3), np.float32), np.ones((16, 16, 3), np.float32)
    extreme = flip(black, white)
    small = flip(picture, np.clip(picture + 0.01, 0, 1).astype(np.float32))
    assert extreme is not None
    assert small is not None
    assert extreme > 0.9
    assert 0 < small < 0.1


def test_flip_of_a_spot_is_that_of_the_whole_picture() -> None:
    flip_evaluator = pytest.importorskip("flip_evaluator")
    rng = np.random.default_rng(5)
    truth = rng.random((120, 150, 3)).astype(np.float32)
    render = truth.copy()
    render[50:60, 70:75] = rng.random((10, 5, 3))
    whole = flip_evaluator.evaluate(truth, render, "LDR", applyMagma=False)[1]
    assert whole > 1e-4
    assert flip(render, truth) == pytest.approx(whole, rel=1e-4)


def test_flip_without_its_package(picture: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flip_evaluator", None)
    assert flip(picture, picture) is None


def test_nothing_against_nothing_is_wrong_within_the_head() -> None:
    """A render of nothing scored as perfect against a matte of nothing."""
    image = np.full((16, 16, 3), 255, np.uint8)
    head = np.zeros((16, 16), bool)
    head[4:12, 4:12] = True
    nothing, empty = np.zeros((16, 16, 4), np.float32), np.zeros((16, 16), np.uint8)
    result = score(nothing, image, empty, head)
    # Grey instead of white over a quarter of the picture.
    assert result.psnr == pytest.approx(-10 * np.log10(0.4**2 / 4), abs=1e-4)
    assert result.psnr_masked == result.psnr_head == pytest.approx(-10 * np.log10(0.4**2), abs=1e-4)
    assert result.ssim < 0.9
    right = nothing.copy()
    right[head] = 1
    assert score(right, image, empty, head).psnr == PSNR_CEILING
    # Where the matte is right already, the head changes nothing.
    matte = np.where(head, np.uint8(255), np.uint8(0))
    known, unknown = score(nothing, image, matte, head), score(nothing, image, matte)
    assert (known.psnr, known.psnr_masked, known.ssim) == (unknown.psnr, unknown.psnr_masked, unknown.ssim)
    assert unknown.psnr_head is None and score(right, image, matte, ~(head | ~head)).psnr_head is None


def test_score_composites_each_side_by_its_own_alpha() -> None:
    matte = np.zeros((16, 16), np.uint8)
    matte[4:12, 4:12] = 255
    image = np.full((16, 16, 3), 30, np.uint8)
    image[4:12, 4:12] = 200
    render = np.zeros((16, 16, 4), np.float32)
    render[4:12, 4:12] = (200 / 255, 200 / 255, 200 / 255, 1)
    # What the picture shows outside of the matte, and the colour of a transparent render, do not matter.
    result = score(render, image, matte)
    assert result.psnr == PSNR_CEILING
    assert result.ssim == pytest.approx(1)
    # A render that spills opaque white over one pixel outside of the matte is off by 0.4 there.
    render[0, 0] = 1
    result = score(render, image, matte)
    assert result.psnr == pytest.approx(-10 * np.log10(0.4**2 / 256), abs=1e-4)
    assert result.psnr_masked == PSNR_CEILING


def test_alpha_is_the_mean_where_the_matte_is_opaque() -> None:
    render = np.full((12, 12, 4), 0.5, np.float32)
    render[:6, :, 3] = 0.9
    matte = np.zeros((12, 12), np.uint8)
    matte[5:7] = 255  # one row of alpha 0.9, one of 0.5
    matte[8:10] = 128  # a soft edge does not count
    image = np.zeros((12, 12, 3), np.uint8)
    assert score(render, image, matte).alpha == pytest.approx(0.7, abs=1e-6)
    assert score(render, image, np.full_like(matte, 128)).alpha is None

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.video.crop import Crop

WIDTH, HEIGHT = 40, 30


def ramp() -> np.ndarray:
    """Red counts columns by 6, green rows by 8."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = 6 * np.arange(WIDTH)
    image[..., 1] = 8 * np.arange(HEIGHT)[:, None]
    return image


def test_a_window_of_the_same_scale_is_a_part_of_the_frame() -> None:
    np.testing.assert_array_equal(Crop(5, 7, 16, 16).cut(ramp()), ramp()[7:23, 5:21])


@pytest.mark.parametrize("out", [8, 16, 32])
def test_a_pixel_of_the_picture_is_where_the_scale_says(out: int) -> None:
    """The centre of pixel i lies at x + (i + 0.5) / scale of the frame."""
    window = Crop(5, 7, 16, out)
    picture = window.cut(ramp()).astype(float)
    middle = slice(out // 4, -(out // 4))
    at = (np.arange(out) + 0.5) / window.scale - 0.5
    np.testing.assert_allclose(picture[out // 2, middle, 0], 6 * (5 + at[middle]), atol=1)
    np.testing.assert_allclose(picture[middle, out // 2, 1], 8 * (7 + at[middle]), atol=1)


@pytest.mark.parametrize(
    ("window", "rectangle"),
    [
        (Crop(0, 0, 16, 16), (0, 0, 16, 16)),
        (Crop(-4, 0, 16, 16), (4, 0, 16, 16)),
        (Crop(30, 20, 16, 16), (0, 0, 10, 10)),
        (Crop(-4, -6, 50, 50), (4, 6, 44, 36)),
        (Crop(-4, 0, 16, 8), (2, 0, 8, 8)),
        (Crop(-3, 0, 16, 8), (1, 0, 8, 8)),  # the centre of pixel 1 lies in the frame, barely
    ],
)
def test_pictures_end_where_the_frame_ends(window: Crop, rectangle: tuple[int, int, int, int]) -> None:
    assert window.rectangle(WIDTH, HEIGHT) == rectangle
    left, top, right, bottom = rectangle
    picture = window.cut(ramp())
    assert picture.shape == (bottom - top, right - left, 3)
    square = window.squared(picture, WIDTH, HEIGHT)
    assert square.shape == (window.out, window.out, 3)
    np.testing.assert_array_equal(square[top:bottom, left:right], picture)
    # Beside the frame its border is repeated.
    assert (square[:, :left] == square[:, left : left + 1]).all()
    assert (square[bottom:] == square[bottom - 1 : bottom]).all()


def test_what_the_picture_shows_is_of_the_frame() -> None:
    """A frame of one colour has pictures of it, also at its borders."""
    grey = np.full((HEIGHT, WIDTH, 3), 77, np.uint8)
    for window in (Crop(-9, -9, 60, 30), Crop(30, 20, 20, 64)):
        assert (window.cut(grey) == 77).all()

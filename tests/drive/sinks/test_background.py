from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from splatavatar.drive.sinks.background import (
    NO_PICTURE,
    BlurredBackground,
    PictureBackground,
    cover,
    over,
    picture_background,
)
from splatavatar.errors import SettingsError


def test_over_mixes_by_alpha() -> None:
    image = np.zeros((1, 3, 4), np.uint8)
    image[0] = [(200, 100, 0, 255), (200, 100, 0, 128), (200, 100, 0, 0)]
    mixed = over(image, np.full((1, 3, 3), (0, 100, 200), np.uint8))
    np.testing.assert_allclose(mixed[0], [(200, 100, 0), (100, 100, 100), (0, 100, 200)], atol=1)


@pytest.mark.parametrize(("width", "height"), [(40, 40), (100, 30), (7, 90), (64, 32)])
def test_cover_fills_the_frame_around_the_middle(width: int, height: int) -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, 24:40] = 255
    covered = cover(picture, width, height)
    assert covered.shape == (height, width, 3)
    assert (covered[height // 2, width // 2] > 200).all()
    np.testing.assert_allclose(covered.astype(int), covered[:, ::-1].astype(int), atol=60)


def test_a_picture_keeps_its_colours(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 30, 3), (10, 20, 240), np.uint8))
    background = picture_background(tmp_path / "a.png")
    first = background(16, 16)
    assert (first == (240, 20, 10)).all()
    assert background(16, 16) is first
    assert background(8, 4).shape == (4, 8, 3)


def test_refuses_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    for name in ("a.png", "empty.png"):
        with pytest.raises(SettingsError, match="not a picture"):
            picture_background(tmp_path / name)
    with pytest.raises(SettingsError, match=r"absent\.png: no such file, expected"):
        picture_background(tmp_path / "absent.png")


def test_the_camera_is_blurred_and_followed() -> None:
    rng = np.random.default_rng(0)
    pictures = [None, rng.integers(0, 256, (480, 640, 3), np.uint8), np.full((480, 640, 3), 90, np.uint8)]
    background = BlurredBackground(lambda: pictures[0])
    np.testing.assert_allclose(background(64, 48)[0, 0] / 255, NO_PICTURE, atol=0.01)
    pictures.pop(0)
    noise = background(64, 48)
    assert noise.shape == (48, 64, 3) and noise.std() < 10
    assert background(64, 48) is noise
    np.testing.assert_array_equal(background(64, 48, mirrored=True), noise[:, ::-1])
    pictures.pop(0)
    assert (background(64, 48) == 90).all()


def test_nobody_in_the_picture_is_recognisable() -> None:
    """What is left of a face that fills the picture: nothing as fine as an eye, a mouth or a nose."""
    y, x = np.mgrid[:480, :640]
    # Stripes as wide as an eye is of a face 400 pixels high.
    stripes = np.repeat((255 * ((x // 60) % 2)).astype(np.uint8)[..., None], 3, axis=2)
    background = BlurredBackground(lambda: stripes)
    blurred = background(512, 512)[:, 128:-128].astype(float)
    assert stripes.std() > 120 and blurred.std(axis=1).max() < 12  # of 127
    bright = np.where(y[..., None] < 240, np.uint8(200), np.uint8(40)) * np.ones(3, np.uint8)
    rough = BlurredBackground(lambda: bright)(512, 512)
    assert rough[20].mean() > 180 and rough[-20].mean() < 60


def test_picture_background_takes_arrays() -> None:
    assert (PictureBackground(np.full((5, 5, 3), 7, np.uint8))(3, 9) == 7).all()

"""A matte means the same in whatever scale and channel it is kept, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture.mattes import matte_of, scaled
from splatavatar.errors import CaptureError

PATH = Path("m.png")
SOFT = np.zeros((40, 30), np.uint8)
SOFT[10:30, 8:22] = 255
SOFT[9, 8:22] = SOFT[30, 8:22] = 102  # a soft edge
HARD = np.where(SOFT > 127, 255, 0).astype(np.uint8)
PERSON = HARD > 0


def saved(image: Image.Image, tmp_path: Path, suffix: str = ".png") -> np.ndarray:
    path = tmp_path / f"matte{suffix}"
    image.save(path)
    with Image.open(path) as opened:
        return matte_of(opened, path)


def grey(values: Any) -> Image.Image:
    return Image.fromarray(np.asarray(values))


@pytest.mark.parametrize("opaque", [1, 2, 100, 128, 200, 255])
def test_two_levels_are_nothing_and_all(opaque: int, tmp_path: Path) -> None:
    np.testing.assert_array_equal(saved(grey(PERSON.astype(np.uint8) * np.uint8(opaque)), tmp_path), HARD)


@pytest.mark.parametrize("opaque", [1, 255, 1023, 4095, 65535])
def test_sixteen_bits(opaque: int, tmp_path: Path) -> None:
    values = np.rint(SOFT / 255 * opaque).astype(np.uint16)
    found = saved(grey(values), tmp_path)
    assert (found[PERSON] == 255).all() and (found[SOFT == 0] == 0).all()
    assert abs(int(found[9, 10]) - (102 if opaque > 1 else 0)) <= 1


@pytest.mark.parametrize("opaque", [1.0, 255.0, 65535.0, 100.0])
def test_floating_point(opaque: float, tmp_path: Path) -> None:
    np.testing.assert_array_equal(saved(grey((SOFT / 255 * opaque).astype(np.float32)), tmp_path, ".tiff"), SOFT)


def test_a_little_beyond_one_is_resampling() -> None:
    values = (SOFT / 255).astype(np.float32)
    values[15, 15], values[0, 0] = 1.03, -0.02
    np.testing.assert_array_equal(scaled(values, PATH), SOFT)


def test_a_soft_matte_stays_as_it_is() -> None:
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (16, 1))
    for values in (SOFT, ramp, (SOFT * 0.98).astype(np.uint8), np.minimum(ramp, 180)):
        np.testing.assert_array_equal(scaled(values, PATH)[:, :20], values[:, :20])


def test_one_bit(tmp_path: Path) -> None:
    np.testing.assert_array_equal(saved(grey(PERSON), tmp_path), HARD)


def test_a_palette_of_any_two_colours(tmp_path: Path) -> None:
    for colour in ([255, 255, 255], [128, 0, 0], [0, 0, 128]):
        image = grey(PERSON.astype(np.uint8)).convert("P")
        image.putdata(PERSON.astype(np.uint8).ravel())
        image.putpalette([0, 0, 0, *colour])
        np.testing.assert_array_equal(saved(image, tmp_path), HARD)


@pytest.mark.parametrize("colour", [0, 255, 90])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_the_matte_in_the_alpha_of_one_colour(mode: str, colour: int, tmp_path: Path) -> None:
    image = Image.new("RGBA", (30, 40), (colour, colour, colour))
    image.putalpha(grey(SOFT))
    np.testing.assert_array_equal(saved(image.convert(mode), tmp_path), SOFT)


def test_the_person_cut_out(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    np.testing.assert_array_equal(saved(grey(np.dstack([colours, SOFT])), tmp_path), SOFT)


def test_alpha_that_says_nothing(tmp_path: Path) -> None:
    for alpha in (255, 0, 17):
        rgba = np.dstack([SOFT, SOFT, SOFT, np.full_like(SOFT, alpha)])
        np.testing.assert_array_equal(saved(grey(rgba), tmp_path), SOFT)


def test_the_same_matte_twice(tmp_path: Path) -> None:
    np.testing.assert_array_equal(saved(grey(np.dstack([HARD, HARD, HARD, SOFT])), tmp_path), SOFT)
    np.testing.assert_array_equal(saved(grey(np.dstack([*[255 * PERSON.astype(np.uint8)] * 3, HARD])), tmp_path), HARD)


def test_empty_and_full_mattes_are_left_to_whoever_knows_the_head() -> None:
    assert not scaled(np.zeros((8, 8), np.uint8), PATH).any()
    for full in (np.ones((8, 8), np.uint8), np.full((8, 8), 255, np.uint8), np.ones((8, 8), np.float32)):
        assert (scaled(full, PATH) == 255).all()


def trimap(ignored: int) -> np.ndarray:
    values = HARD.copy()
    values[26:36, 8:22] = ignored
    return values


SPOTS = np.zeros((40, 30), np.uint8)
SPOTS[5:15, 5:15], SPOTS[20:35, 5:25] = 11, 17
NAN = np.full((8, 8), np.nan, np.float32)
OTHER = np.roll(HARD, 9, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (trimap(128), "areas of 0, 128, 255, as in a trimap or a map of labels"),
        (SPOTS, "areas of 0, 11, 17, as in a trimap"),
        (np.where(PERSON, 255, 128).astype(np.uint8), "areas of 128, 255, as in a trimap"),
        (NAN, "values that are not finite"),
        (np.full((8, 8), np.inf, np.float32), "values that are not finite"),
        (SOFT.astype(np.float32) / -255, "values down to -1"),
        (np.where(PERSON, -1, 0).astype(np.int32), "values down to -1"),
        (np.tile(np.linspace(0, 7, 64, dtype=np.float32), (64, 1)), "values up to 7 in a scale that cannot be known"),
        (np.tile(np.arange(64, dtype=np.int32) * 10**6, (64, 1)), "in a scale that cannot be known"),
    ],
)
def test_what_may_mean_several_things(values: np.ndarray, said: str) -> None:
    with pytest.raises(CaptureError, match=said) as caught:
        scaled(values, PATH)
    assert str(caught.value).startswith("m.png: ") and "white where the person is" in str(caught.value)


def test_two_different_mattes_in_one_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="the colours and the alpha channel are two different mattes"):
        saved(grey(np.dstack([OTHER, OTHER, OTHER, HARD])), tmp_path)

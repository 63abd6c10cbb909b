from __future__ import annotations

import numpy as np
import pytest

from splatavatar.bake.scoring.skin_colour import SkinColour, appearance


def lit(colours: np.ndarray, light: float) -> np.ndarray:
    """sRGB ``colours`` of a surface in ``light`` times as much light."""
    level = colours / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * light
    out = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * out.clip(0, 1)).astype(np.uint8)


SKIN = np.array([205, 150, 125], np.uint8)


@pytest.fixture(scope="module")
def skin() -> SkinColour:
    """Of skin with pores and shade, a tenth of which is dark brow and 1 % green glasses."""
    rng = np.random.default_rng(4)
    samples = np.stack([lit(SKIN, light) for light in rng.uniform(0.6, 1.2, 6000)]).astype(float)
    samples += rng.normal(0, 4, samples.shape)
    samples[:600] = [40, 35, 34]
    samples[600:660] = [60, 140, 60]
    return SkinColour.of(rng.permutation(samples).clip(0, 255).astype(np.uint8))


def test_light_leaves_chroma_alone() -> None:
    light = np.stack([lit(SKIN, factor) for factor in (0.3, 1.0, 1.4)])
    brightness, chroma = appearance(light)
    np.testing.assert_allclose(chroma, np.broadcast_to(chroma[1], chroma.shape), atol=0.004)
    np.testing.assert_allclose(brightness / brightness[1], np.cbrt([0.3, 1, 1.4]), rtol=0.01)


def test_the_appearance_of_greys_and_red() -> None:
    brightness, chroma = appearance(np.array([[255, 255, 255], [119, 119, 119], [255, 0, 0]], np.uint8))
    np.testing.assert_allclose(chroma[:2], 0, atol=2e-3)
    # CIE L*a*b* of white, of grey 119 and of sRGB red: L* 100, 50.03, 53.24; a* 80.09, b* 67.20 of red.
    np.testing.assert_allclose(116 * brightness - 16, [100, 50.03, 53.24], atol=0.05)
    np.testing.assert_allclose(chroma[2] * brightness[2] * [500, 200], [80.09, 67.20], atol=0.1)


def test_skin_is_skin_in_other_light(skin: SkinColour) -> None:
    assert skin.holds(np.stack([lit(SKIN, light) for light in (0.4, 0.6, 0.9, 1.2, 1.6)])).all()


@pytest.mark.parametrize(
    "colour",
    [(150, 150, 150), (90, 150, 80), (40, 35, 34), (60, 140, 60), (235, 90, 70), (255, 255, 255), (90, 110, 160)],
)
def test_other_colours_are_not(skin: SkinColour, colour: tuple[int, int, int]) -> None:
    assert not skin.holds(np.array([[colour]], np.uint8)).any()


def test_hair_of_the_chroma_of_skin_is_too_dark(skin: SkinColour) -> None:
    assert not skin.holds(lit(SKIN, 0.05))


def test_a_beard_that_the_front_shows_belongs_to_the_skin() -> None:
    rng = np.random.default_rng(5)
    face = np.tile(SKIN, (2000, 1)).astype(float)
    face[:600] = [150, 128, 118]
    learnt = SkinColour.of((face + rng.normal(0, 4, face.shape)).clip(0, 255).astype(np.uint8))
    assert learnt.holds(np.array([[150, 128, 118], SKIN], np.uint8)).all()

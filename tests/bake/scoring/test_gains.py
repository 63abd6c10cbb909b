"""Exposure of one picture, from a render of the same person."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.bake.scoring.gains import BOUND, NOISE, divided, multiplied, picture_gain, settled

SIZE = 96


def a_render(seed: int = 0) -> np.ndarray:
    """(H, W, 4) a face of many tones, opaque within the middle."""
    rng = np.random.default_rng(seed)
    rgba = np.zeros((SIZE, SIZE, 4), np.float32)
    rgba[..., :3] = rng.uniform(0.15, 0.6, (SIZE, SIZE, 3))
    rgba[16:-16, 16:-16, 3] = 1.0
    return rgba


def filmed(rgba: np.ndarray, log_gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a camera of that exposure sees before a bright wall, and the matte."""
    image = np.rint((rgba[..., :3] * np.exp(log_gain)).clip(0, 1) * 255).astype(np.uint8)
    image[rgba[..., 3] == 0] = 250
    return image, np.rint(rgba[..., 3] * 255).astype(np.uint8)


@pytest.mark.parametrize("log_gain", [(0.3, 0.2, -0.1), (-0.4, -0.4, -0.4), (0.05, 0.0, 0.0)])
def test_the_gain_of_a_picture_is_found(log_gain: tuple[float, float, float]) -> None:
    rgba = a_render()
    found = picture_gain(rgba, *filmed(rgba, np.array(log_gain)))
    # Some pixels always say one: a gain is found a little too small.
    np.testing.assert_allclose(found, log_gain, rtol=0.14, atol=0.004)
    image, _ = filmed(rgba, np.array(log_gain))
    inside = rgba[..., 3] > 0
    right = np.abs(multiplied(rgba, found)[..., :3][inside] * 255 - image[inside]).mean()
    assert right < 0.35 * np.abs(rgba[..., :3][inside] * 255 - image[inside]).mean()


def test_a_picture_within_noise_has_none_and_stays_as_it_is() -> None:
    rgba = a_render()
    found = picture_gain(rgba, *filmed(rgba, np.full(3, NOISE / 2)))
    assert not found.any()
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    np.testing.assert_array_equal(divided(image, found), image)


def test_parts_that_differ_do_not_count_for_the_exposure() -> None:
    rgba = a_render()
    image, matte = filmed(rgba, np.zeros(3))
    image[16:36] = 20  # a hand before a third of the face
    assert not picture_gain(rgba, image, matte).any()


def test_gains_are_bounded_and_none_without_a_person() -> None:
    assert np.abs(settled(np.array([5.0, -5.0, 0.0]))).max() == BOUND
    rgba = a_render()
    image, _ = filmed(rgba, np.full(3, 0.5))
    assert not picture_gain(rgba, image, np.zeros((SIZE, SIZE), np.uint8)).any()


def test_dividing_takes_back_what_multiplying_did() -> None:
    gain = np.array([0.3, -0.2, 0.1])
    rgba = a_render()
    image, _ = filmed(rgba, gain)
    inside = rgba[..., 3] > 0
    np.testing.assert_allclose(divided(image, gain)[inside], rgba[..., :3][inside] * 255, atol=1.2)

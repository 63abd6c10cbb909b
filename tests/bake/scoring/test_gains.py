"""The three gains of a picture, and how a score finds them."""

from __future__ import annotations

import numpy as np

from splatavatar.bake.scoring.gains import BOUND, divided, multiplied, picture_gain, settled


def render(seed: int = 0) -> np.ndarray:
    """A picture (64, 64, 4) in [0, 1] of many colours, opaque within a disc."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64] - 31.5
    rgba = np.empty((64, 64, 4), np.float32)
    rgba[..., :3] = rng.uniform(0.15, 0.6, (64, 64, 3))
    rgba[..., 3] = np.hypot(rows, columns) < 28
    return rgba


def photographed(rgba: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Picture and matte of ``rgba`` with the logarithm ``gain``."""
    shown = multiplied(rgba, gain)
    return np.rint(shown[..., :3] * 255).astype(np.uint8), np.rint(shown[..., 3] * 255).astype(np.uint8)


def test_the_gain_of_a_picture_is_found_whatever_a_third_of_it_shows() -> None:
    rgba, gain = render(), np.array([0.2, -0.1, 0.05])
    image, matte = photographed(rgba, gain)
    np.testing.assert_allclose(picture_gain(rgba, image, matte), gain * 0.82, atol=0.01)
    image[:16] = 250
    np.testing.assert_allclose(picture_gain(rgba, image, matte), gain * 0.8, atol=0.03)


def test_much_of_a_person_is_believed_more_than_little() -> None:
    rgba, gain = np.tile(render(), (4, 4, 1)), np.array([0.2, 0.2, 0.2])
    image, matte = photographed(rgba, gain)
    np.testing.assert_allclose(picture_gain(rgba, image, matte), gain, atol=0.01)
    matte[30:] = 0
    assert 0 < picture_gain(rgba, image, matte)[0] < 0.19


def test_a_picture_without_the_person_has_no_gain() -> None:
    image, matte = photographed(render(), np.full(3, 0.3))
    assert not picture_gain(render(), image, np.zeros_like(matte)).any()


def test_gains_are_bounded_and_those_within_noise_are_none() -> None:
    found = settled(np.array([[0.01, -0.01, 0.014], [0.01, 0.0, 0.02], [2.0, -2.0, 0.1]]))
    np.testing.assert_array_equal(found, [[0, 0, 0], [0.01, 0, 0.02], [BOUND, -BOUND, 0.1]])


def test_a_picture_divided_by_its_gain_is_as_it_was() -> None:
    image = np.arange(1, 181, dtype=np.uint8).repeat(3).reshape(1, -1, 3)
    gain = np.array([0.2, -0.3, 0.0])
    brighter = np.rint(image * np.exp(gain)).astype(np.uint8)
    assert np.abs(divided(brighter, gain).astype(int) - image).max() <= 1
    assert divided(np.full((1, 1, 3), 255, np.uint8), np.full(3, -0.5)).tolist() == [[[255] * 3]]

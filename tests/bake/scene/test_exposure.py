"""Exposure and white balance of the pictures of one camera."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.bake.scene.exposure import Observations, log_gains, shading, without_gain
from support.ball import around, disc

PLACES, PICTURES = 600, 40


def a_clip(gains: np.ndarray, turn: float = 0.0, light: float = 0.0, noise: float = 0.01) -> Observations:
    """Places of a face that turns from side to side by ``turn`` radians, under ``light`` from the left of the room."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(PLACES, 3))
    normal[:, 2] = np.abs(normal[:, 2]) + 1.0
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    yaw = turn * np.sin(np.linspace(0, 5, PICTURES))
    c, s = np.cos(yaw), np.sin(yaw)
    turned = np.stack(
        [
            c * normal[:, :1] + s * normal[:, 2:],
            np.repeat(normal[:, 1:2], PICTURES, 1),
            c * normal[:, 2:] - s * normal[:, :1],
        ],
        -1,
    )
    albedo = rng.normal(-0.8, 0.3, (PLACES, 1, 3))
    shade = np.log(1 + light * turned[..., :1])
    colour = albedo + shade + gains[None] + rng.normal(0, noise, (PLACES, PICTURES, 3))
    told = (turned[..., 2] > 0.5) & (rng.random((PLACES, PICTURES)) < 0.9)
    colour[~told] = rng.normal(0, 3, ((~told).sum(), 3))
    return Observations(colour, told, shading(turned))


def a_camera(seed: int = 1) -> np.ndarray:
    """(V, 3) gains of a camera that regulates itself: it wanders, and its tint does; mean zero."""
    rng = np.random.default_rng(seed)
    gains = 0.15 * np.sin(np.linspace(0, 7, PICTURES))[:, None] + rng.normal(0, 0.03, (1, 3)) * np.linspace(
        -1, 1, PICTURES
    ).reshape(-1, 1)
    return np.asarray(gains - gains.mean(0))


def test_the_gains_of_a_camera_that_regulates_itself_are_found() -> None:
    gains = a_camera()
    found = log_gains(a_clip(gains))
    large = np.abs(gains).max(1) > 0.05
    np.testing.assert_allclose(found[large], gains[large], atol=0.012)


def test_a_mouth_that_moves_does_not_count() -> None:
    gains = a_camera()
    clip = a_clip(gains)
    rng = np.random.default_rng(5)
    moved = clip.log_colour.copy()
    moved[:60, ::2] += rng.normal(0.8, 0.2, (60, PICTURES // 2, 1))
    found = log_gains(Observations(moved, clip.told, clip.shading))
    large = np.abs(gains).max(1) > 0.05
    np.testing.assert_allclose(found[large], gains[large], atol=0.02)


def test_a_head_that_turns_under_a_lamp_gets_no_gain_from_it() -> None:
    found = log_gains(a_clip(np.zeros((PICTURES, 3)), turn=0.7, light=0.5))
    # The logarithm of a light is not quite of the second degree.
    assert np.abs(found).max() < 0.05


def test_both_at_once_are_told_apart() -> None:
    gains = a_camera()
    found = log_gains(a_clip(gains, turn=0.6, light=0.4))
    assert np.abs(found - gains).max() < 0.04


def test_even_exposure_leaves_every_byte_alone() -> None:
    found = log_gains(a_clip(np.zeros((PICTURES, 3))))
    assert not found.any()
    target = disc(around(np.zeros(1))[0], 0.1, np.zeros((3, 3), np.float32)).target
    assert without_gain(target, found[0]) is target


def test_too_few_places_say_nothing() -> None:
    clip = a_clip(a_camera())
    few = Observations(clip.log_colour[:50], clip.told[:50], clip.shading[:50])
    assert not log_gains(few).any()


def test_a_picture_is_divided_by_its_gain_and_its_matte_is_not() -> None:
    target = disc(around(np.zeros(1))[0], 0.1, np.zeros((3, 3), np.float32)).target
    target.rgba[..., :3] = 100
    out = without_gain(target, np.log([1.25, 1.0, 0.8]))
    assert out.rgba[0, 0, :3].tolist() == [80, 100, 125]
    np.testing.assert_array_equal(out.rgba[..., 3], target.rgba[..., 3])


def test_the_functions_of_light_are_even_over_the_sphere() -> None:
    rng = np.random.default_rng(2)
    normal = rng.normal(size=(200_000, 3))
    values = shading(normal / np.linalg.norm(normal, axis=1, keepdims=True))
    assert values.shape == (200_000, 8)
    assert np.abs(values.mean(0)).max() < 0.01
    assert np.abs(np.corrcoef(values.T) - np.eye(8)).max() == pytest.approx(0, abs=0.02)

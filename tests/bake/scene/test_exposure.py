"""A painted ball that turns under a light, photographed with gains that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scene.exposure import evened, log_gains, observations
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.capture.capture import RigParameters
from splatavatar.rig.rig import Rig
from support.ball import RADIUS, SIZE, around, ball

YAWS = np.sin(np.linspace(0, 9, 24)) * 0.6
"""radians that the ball turns by"""
LIGHT = np.array([0.8, 0.2, 0.56])
"""towards it"""


def bare() -> Rig:
    """A ball that is skin all over."""
    return replace(ball(), regions={})


def motion(yaws: np.ndarray) -> RigMotion:
    rotations = np.zeros((len(yaws), 3), np.float32)
    rotations[:, 1] = yaws
    return RigMotion(
        bare(),
        RigParameters(
            "ball",
            {},
            np.zeros((len(yaws), 0), np.float32),
            (),
            {"root": rotations},
            np.zeros((len(yaws), 3), np.float32),
            None,
        ),
    )


def pictures(yaws: np.ndarray, gains: np.ndarray) -> list[Target]:
    """The painted ball, turned by ``yaws`` (V), under one light, with the logarithms ``gains`` (V, 3)."""
    (camera,) = around(np.zeros(1))
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    ray = np.stack([(columns - SIZE / 2) / camera.K[0, 0], (rows - SIZE / 2) / camera.K[1, 1], np.ones_like(rows)], -1)
    ray = ray @ camera.T_camera_world[:3, :3]
    eye = camera.position
    a, b, c = (ray * ray).sum(-1), ray @ eye, eye @ eye - RADIUS**2
    root = b * b - a * c
    point = eye + ray * ((-b - np.sqrt(np.maximum(root, 0))) / a)[..., None]
    normal = point / RADIUS
    light = 0.35 + 0.65 * np.maximum(normal @ LIGHT, 0)
    out = []
    for step, (yaw, gain) in enumerate(zip(yaws, gains, strict=True)):
        x = np.cos(yaw) * normal[..., 0] - np.sin(yaw) * normal[..., 2]
        paint = np.stack([0.5 + 0.08 * np.sin(6 * x + 4 * normal[..., 1] + k) for k in range(3)], -1)
        colour = paint * light[..., None] * np.exp(gain)
        matte = np.where(root > 0, 255, 0)
        rgba = np.dstack([np.rint(colour * 255), matte]).clip(0, 255).astype(np.uint8)
        out.append(Target(str(step), rgba, camera, step, (0, 0, SIZE, SIZE)))
    return out


def found(yaws: np.ndarray, gains: np.ndarray) -> np.ndarray:
    still = motion(yaws)
    views = [PosedView(t, still.vertices(t.timestep).numpy()) for t in pictures(yaws, gains)]
    return log_gains(observations(still.rig, views, 0))


def known_gains() -> np.ndarray:
    gains = np.random.default_rng(4).uniform(-0.25, 0.25, (len(YAWS), 3))
    return np.asarray(gains - gains.mean(0))


def test_gains_of_a_head_that_keeps_still_are_found() -> None:
    gains = known_gains()
    assert np.abs(found(np.zeros(len(YAWS)), gains) - gains).max() < 0.015


def test_gains_of_a_head_that_turns_are_found() -> None:
    gains = known_gains()
    off = np.abs(found(YAWS, gains) - gains)
    assert np.median(off) < 0.015 and off.max() < 0.035


def test_a_head_that_turns_under_a_light_has_no_gains() -> None:
    assert np.abs(found(YAWS, np.zeros((len(YAWS), 3)))).max() < 0.04


def test_pictures_of_one_exposure_stay_as_they_are() -> None:
    yaws = np.zeros(8)
    targets = pictures(yaws, np.zeros((8, 3)))
    assert all(a is b for a, b in zip(evened(targets, motion(yaws), 0), targets, strict=True))


def test_what_was_exposed_otherwise_looks_the_same_afterwards() -> None:
    gains = known_gains()
    targets = pictures(np.zeros(len(gains)), gains)
    out = evened(targets, motion(np.zeros(len(gains))), 0)
    inside = targets[0].rgba[..., 3] > 0
    means = np.array([t.rgba[inside][:, :3].mean(0) for t in out])
    assert (means.std(0) / means.mean(0)).max() < 0.02
    np.testing.assert_array_equal(out[0].rgba[..., 3], targets[0].rgba[..., 3])
    again = evened(targets, motion(np.zeros(len(gains))), 0)
    assert all((a.rgba == b.rgba).all() for a, b in zip(out, again, strict=True))


def test_nobody_in_the_pictures_means_no_gains() -> None:
    targets = [replace(t, rgba=t.rgba * np.uint8([1, 1, 1, 0])) for t in pictures(np.zeros(3), np.zeros((3, 3)))]
    assert all(a is b for a, b in zip(evened(targets, motion(np.zeros(3)), 0), targets, strict=True))

"""The world of known cameras is laid so that the mean head stands as the rig at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking.landmark_model import LandmarkModel
from splatavatar.capture.tracking.observations import Lenses
from splatavatar.capture.tracking.placement import first_placement, mean_rotation, settled_placement
from splatavatar.capture.tracking.solve import track_motion
from splatavatar.rotations import axis_angles, rotation_matrices
from support.synthetic_track import Take


def angle(rotation: np.ndarray) -> float:
    return float(np.linalg.norm(axis_angles(rotation)))


def carried(lenses: Lenses, T_new_old: np.ndarray) -> Lenses:
    """``lenses`` in a world to which ``T_new_old`` leads: a factor times a rotation, and a shift."""
    factor = np.cbrt(np.linalg.det(T_new_old[:3, :3]))
    T = lenses.T_camera_rig @ np.linalg.inv(T_new_old)
    T[:, :3] *= factor
    return replace(lenses, T_camera_rig=T)


def similarity(factor: float, axis_angle: list[float], shift: list[float]) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = factor * rotation_matrices(np.array(axis_angle)), shift
    return T


@pytest.mark.parametrize(
    "world",
    [
        similarity(1.0, [0, 0, 0], [0, 0, 0]),
        similarity(1.0, [np.pi, 0, 0], [0, 0, 0]),
        similarity(0.01, [0.3, -2.0, 1.1], [5, -3, 1]),
        similarity(100.0, [0, 0, 3.0], [1e5, 1e5, -1e5]),
    ],
    ids=["as it is", "upside down", "small", "far"],
)
def test_any_world_becomes_the_same(pair: Take, world: np.ndarray) -> None:
    model, timesteps = LandmarkModel.of(pair.rig, None), np.arange(len(pair.turn))
    points = model.points(np.zeros(0), pair.expression)
    lenses = carried(pair.lenses(), world)
    placement = first_placement(points, model.pivot, pair.seen, lenses, timesteps)
    motion = track_motion(pair.rig, np.zeros((1, 3)), pair.seen, carried(lenses, placement))
    placement = settled_placement(pair.rig, motion, timesteps) @ placement
    whole = placement @ world
    # What is left of the world is the mean turn of this take, and its size is that of the metre.
    assert np.cbrt(np.linalg.det(whole[:3, :3])) == pytest.approx(1.0, abs=0.02)
    mean = mean_rotation(rotation_matrices(pair.turn))
    assert angle(mean @ whole[:3, :3] / np.cbrt(np.linalg.det(whole[:3, :3]))) < np.radians(1.5)
    after = track_motion(pair.rig, np.zeros((1, 3)), pair.seen, carried(pair.lenses(), whole))
    assert angle(mean_rotation(rotation_matrices(after.head_rotation))) < np.radians(0.2)
    assert np.abs(np.median(after.translation, 0)).max() < 0.005


def test_the_mean_is_that_of_most() -> None:
    about = rotation_matrices(np.random.default_rng(0).normal(0, 0.02, (20, 3)))
    there = rotation_matrices(np.array([2.0, -1.0, 0.5]))
    few = rotation_matrices(np.tile([0.0, 0.0, 2.5], (4, 1)))
    found = mean_rotation(there @ np.concatenate([about, few]))
    assert angle(there.T @ found) < np.radians(2)
    assert np.linalg.det(found) == pytest.approx(1)


def test_trust_counts() -> None:
    two = rotation_matrices(np.array([[0.0, 0, 0], [0.0, 0.4, 0]]))
    assert angle(mean_rotation(two, np.array([1.0, 0.01]))) < 0.02

"""Rays of known cameras meet where the face is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.calibration.agreement import agreement, groups_of, meet, shifted
from splatavatar.capture.calibration.sightings import STEADY
from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices
from support.known_takes import known
from support.synthetic_track import Take, facing, movement, take

TURN = np.eye(4)
TURN[:3, :3], TURN[:3, 3] = rotation_matrices(np.array([0.4, 1.9, -0.7])), (30, -20, 11)


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_rays_meet_at_the_landmarks_in_any_world(ring: Take, unit: float) -> None:
    sightings = known(ring)[1]
    T = sightings.cameras.T_camera_world @ np.linalg.inv(TURN)
    T[:, :3, 3] *= unit
    found = agreement(sightings, replace(sightings.cameras, T_camera_world=T))
    assert found is not None and found.missed < 0.01 and found.twisted < 0.08
    truth = ring.points[0][list(STEADY)] @ TURN[:3, :3].T + TURN[:3, 3]
    np.testing.assert_allclose(found.meetings[0].points / unit, truth, atol=1e-3)
    # Half a pixel of noise in both directions, less what five cameras share.
    assert np.median(np.concatenate([m.distance.ravel() for m in found.meetings])) == pytest.approx(0.5, abs=0.1)


def test_a_ray_that_goes_astray_hardly_moves_the_point(ring: Take) -> None:
    sightings = known(ring)[1]
    rows = groups_of(sightings)[0]
    T = sightings.cameras.T_camera_world[sightings.camera[rows]]
    tangents = sightings.cameras.tangents(sightings.camera[rows], sightings.pixels[rows][:, list(STEADY)])
    tangents[1] += 0.2
    points, away = meet(tangents, T, np.full(len(rows), 0.1))
    np.testing.assert_allclose(points, ring.points[0][list(STEADY)], atol=0.004)
    assert np.linalg.norm(away[1], axis=-1).min() > 0.25 and np.median(np.linalg.norm(away[0], axis=-1)) < 0.01


def test_what_lies_behind_a_camera_is_infinitely_far_off(ring: Take) -> None:
    sightings = known(ring)[1]
    cameras = sightings.cameras
    away = replace(cameras, T_camera_world=np.diag([1.0, -1, -1, 1]) @ cameras.T_camera_world)
    found = agreement(sightings, away)
    assert found is not None and found.missed == np.inf


def test_one_camera_that_stands_still_tells_nothing(someone: Rig) -> None:
    sightings = known(take(someone, *movement(20)))[1]
    assert groups_of(sightings) == [] and agreement(sightings) is None


def test_one_camera_that_goes_round_a_head_that_keeps_still(someone: Rig) -> None:
    yaws = 0.7 * np.sin(np.arange(9.0))
    still = take(someone, *(0 * part for part in movement(1)), np.stack([facing(someone, 0.8, yaw) for yaw in yaws]))
    # One timestep a picture.
    seen = replace(still.seen, timestep=np.arange(9), linked=np.zeros(9, bool))
    moving = replace(still, points=np.repeat(still.points, 9, 0), seen=seen)
    sightings = known(moving, moving=True)[1]
    assert [len(rows) for rows in groups_of(sightings)] == [9]
    found = agreement(sightings)
    assert found is not None and found.missed < 0.01
    assert sightings.poses[1].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, -1]
    later = shifted(sightings, -1)
    assert later.camera.tolist() == list(range(8)) and later.timestep.tolist() == list(range(1, 9))
    worse = agreement(later)
    assert worse is not None and worse.missed > 5 * found.missed


def test_pictures_of_another_timestep(ring: Take) -> None:
    sightings = known(ring)[1]
    moved = shifted(sightings, 1, np.array([2]))
    of = np.array([frame.camera_index for frame in moved.frames])
    assert len(moved.timestep) == len(sightings.timestep) - 1
    assert (moved.timestep[of == 2] == [1, 2, 3, 4, 5]).all() and (moved.timestep[of == 1] == range(6)).all()

"""Where the head is in the world of known cameras, of any unit and orientation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.calibration.agreement import agreement
from splatavatar.capture.calibration.head_place import HeadPlace, named_direction
from splatavatar.rig.loader import load_rig
from splatavatar.rotations import axis_angles, rotation_matrices
from support.known_takes import known
from support.synthetic_track import Take


@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_size_and_turn_of_the_head(ring: Take, unit: float) -> None:
    sightings = known(ring)[1]
    turn = rotation_matrices(np.array([0.3, -1.2, 0.8]))
    T = sightings.cameras.T_camera_world.copy()
    T[:, :3, :3] = T[:, :3, :3] @ turn.T
    T[:, :3, 3] /= unit
    cameras = replace(sightings.cameras, T_camera_world=T)
    found = agreement(sightings, cameras)
    assert found is not None
    place = HeadPlace.of(found, load_rig("anny-head"))
    assert place is not None
    assert place.unit == pytest.approx(unit, rel=0.08)  # this person's head is not of mean size
    assert np.linalg.norm(axis_angles(turn.T @ place.rotation)) < 0.35  # it turns meanwhile
    centre = turn @ ring.points[0].mean(0) / unit
    assert np.linalg.norm(place.centre - centre) * unit == pytest.approx(0.07, abs=0.04)
    assert place.inside(cameras) == [] and not place.together(cameras)


def test_cameras_in_the_head_and_in_one_place(ring: Take) -> None:
    sightings = known(ring)[1]
    found = agreement(sightings)
    assert found is not None
    place = HeadPlace.of(found, load_rig("anny-head"))
    assert place is not None
    T = sightings.cameras.T_camera_world.copy()
    T[2, :3, 3] = -T[2, :3, :3] @ (place.centre + 0.02)
    assert place.inside(replace(sightings.cameras, T_camera_world=T)) == [2]
    assert place.together(replace(sightings.cameras, T_camera_world=np.repeat(T[:1], 3, 0)))


def test_directions_by_name() -> None:
    assert named_direction(np.array([0.0, 0.02, -3.0])) == "-Z"
    assert named_direction(np.array([1.0, 0.5, 0.0])) == "+X (27 degrees off)"

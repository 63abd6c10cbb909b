from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.weak_perspective import (
    KNOWN,
    growth,
    metres_per_unit,
    place_in_camera,
    side_by_side,
)
from splatavatar.rotations import axis_angles, rotation_matrices

FOCAL, CENTRE = 1500.0, np.array([256.0, 250.0])
POINTS = np.random.default_rng(0).normal(0, 0.05, (60, 3))
"""metres, about the origin"""


def ring(count: int, distance: float = 1.0) -> np.ndarray:
    """(count, 4, 4) cameras that look at the origin from the front and the sides."""
    turns = rotation_matrices(np.stack([[0.0, angle, 0.0] for angle in np.linspace(-0.8, 0.8, count)]))
    T = np.tile(np.eye(4), (count, 1, 1))
    T[:, :3, :3] = FACING_CAMERA[:3, :3] @ turns
    T[:, 2, 3] = distance
    return T


def seen_from(cameras: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, Observations]:
    """The points (T, L, 3) of a head that is at ``place`` (T, 3), and what the cameras see of it."""
    T, C = len(place), len(cameras)
    timestep, camera = np.repeat(np.arange(T), C), np.tile(np.arange(C), T)
    world = POINTS + place[timestep][:, None]
    at = np.einsum("nij,nlj->nli", cameras[camera][:, :3, :3], world) + cameras[camera][:, None, :3, 3]
    pixels = FOCAL * at[..., :2] / at[..., 2:] + CENTRE
    rotation = np.diag([1.0, -1.0, -1.0]) @ cameras[camera][:, :3, :3]
    scores = np.zeros((len(timestep), 52))
    return np.tile(POINTS, (T, 1, 1)), Observations(timestep, camera, pixels, rotation, scores, np.zeros(T, bool))


def lenses(cameras: np.ndarray, unit: float) -> Lenses:
    T = cameras.copy()
    T[:, :3, 3] *= unit
    return Lenses(T, np.full(len(T), FOCAL), np.tile(CENTRE, (len(T), 1)), False, False, False)


PLACE = np.array([[0.02, -0.03, 0.01], [-0.04, 0.02, 0.03]])


def test_a_face_is_where_its_size_says() -> None:
    """5 cm thick at a metre: a weak perspective is right within a few percent."""
    cameras = ring(1)
    points, seen = seen_from(cameras, PLACE)
    for t in range(2):
        at = place_in_camera(points[t], seen.rotation[t], seen.pixels[t], FOCAL, CENTRE)
        expected = cameras[0, :3, :3] @ PLACE[t] + cameras[0, :3, 3]
        np.testing.assert_allclose(at[:2], expected[:2], atol=2e-3)
        assert at[2] == pytest.approx(expected[2], rel=0.02)


@pytest.mark.parametrize("unit", [0.01, 0.4, 2.0, 3.7, 1000.0])
def test_the_unit_of_the_cameras_is_found(unit: float) -> None:
    points, seen = seen_from(ring(4), PLACE)
    assert metres_per_unit(points, seen, lenses(ring(4), unit)) == pytest.approx(1 / unit, rel=0.02)


@pytest.mark.parametrize("size", [0.9, 1.0, 1.1])
def test_the_metre_stays_with_people_of_all_sizes(size: float) -> None:
    points, seen = seen_from(ring(4), PLACE)
    assert metres_per_unit(points * size, seen, lenses(ring(4), 1.0)) == 1.0
    assert KNOWN > 1.1


def test_a_single_camera_has_no_unit() -> None:
    points, seen = seen_from(ring(1), PLACE)
    assert metres_per_unit(points, seen, lenses(ring(1), 3.7)) == 1.0


def test_any_growth_is_found() -> None:
    points, seen = seen_from(ring(4), PLACE)
    assert growth(points, seen, lenses(ring(4), 0.9)) == pytest.approx(1 / 0.9, rel=0.02)


def unplaced(count: int) -> Lenses:
    return replace(lenses(np.stack([FACING_CAMERA] * count), 1.0), free_place=True)


def without_rows(seen: Observations, gone: np.ndarray) -> Observations:
    rows = np.flatnonzero(~gone)
    return Observations(
        *(getattr(seen, n)[rows] for n in ("timestep", "camera", "pixels", "rotation", "scores")), seen.linked
    )


def against_first(T: np.ndarray) -> np.ndarray:
    return np.asarray(T @ np.linalg.inv(T[0]))


def test_cameras_are_placed_by_the_head_they_all_see() -> None:
    points, seen = seen_from(ring(4), PLACE)
    found = side_by_side(points, seen, unplaced(4)).T_camera_rig
    np.testing.assert_array_equal(found[0], FACING_CAMERA)
    # Weak perspective errs by percents of the distance, here a metre.
    np.testing.assert_allclose(against_first(found), against_first(ring(4)), atol=0.05)
    np.testing.assert_allclose(found[:, :3, :3] @ found[:, :3, :3].transpose(0, 2, 1), [np.eye(3)] * 4, atol=1e-9)


def test_turns_that_are_told_wrong_average_out() -> None:
    rng = np.random.default_rng(0)
    points, seen = seen_from(ring(2), rng.normal(0, 0.02, (50, 3)))
    seen = replace(seen, rotation=rotation_matrices(rng.normal(0, 0.1, (100, 3))) @ seen.rotation)
    found = against_first(side_by_side(points, seen, unplaced(2)).T_camera_rig)[1, :3, :3]
    assert np.linalg.norm(axis_angles(found @ against_first(ring(2))[1, :3, :3].T)) < 0.1
    assert np.linalg.det(found) == pytest.approx(1)


def test_a_camera_that_shares_no_timestep_with_the_first_is_placed_by_a_third() -> None:
    """And one that shares none with any stays where it was."""
    points, seen = seen_from(ring(4), np.concatenate([PLACE, PLACE, PLACE]))
    t, c = seen.timestep, seen.camera
    shown = ((c == 0) & (t < 2)) | ((c == 2) & (t < 4)) | ((c == 1) & (t >= 2) & (t < 4)) | ((c == 3) & (t >= 4))
    found = side_by_side(points, without_rows(seen, ~shown), unplaced(4)).T_camera_rig
    np.testing.assert_allclose(against_first(found)[1:3], against_first(ring(4))[1:3], atol=0.06)
    np.testing.assert_array_equal(found[3], FACING_CAMERA)

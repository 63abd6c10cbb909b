from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.rotations import rotation_matrices
from splatavatar.capture.tracking.weak_perspective import KNOWN, metres_per_unit, place_in_camera

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

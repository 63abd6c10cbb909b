"""Landmarks laid over those of one person."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.faces.face_shape import BONY, EYES, LANDMARK_GAIN, TURN_GAIN, aligned, features, mean_shape
from splatavatar.rotations import axis_angles, rotation_matrices
from support.likenesses import filmed, turns_of

TURNS = np.array([[0.0, 0.0, 0.0], [0.1, 0.5, -0.2], [-0.3, -0.4, 0.1]])
"""axis-angle, radians"""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def shape(rng: np.random.Generator) -> np.ndarray:
    points = rng.normal(0, 0.5, (478, 3))
    points -= points[BONY].mean(0)
    return np.asarray(points / np.linalg.norm(points[EYES[0]] - points[EYES[1]]))


def seen(shape: np.ndarray) -> np.ndarray:
    """(3, 478, 3) as MediaPipe would see it turned by ``TURNS``: pixels right and down, depth away from the camera."""
    return np.asarray(100 * (shape @ rotation_matrices(TURNS).transpose(0, 2, 1)) * (1, -1, -1) + (320, 240, 7))


def test_a_turned_face_lies_on_its_shape_again(rng: np.random.Generator) -> None:
    known = shape(rng)
    faces = aligned(seen(known), known)
    np.testing.assert_allclose(axis_angles(faces.rotation), TURNS, atol=1e-9)
    np.testing.assert_allclose(faces.points, np.tile(known, (3, 1, 1)), atol=1e-9)
    assert np.abs(faces.bones(known)).max() < 1e-9


def test_what_moves_does_not_turn_the_head(rng: np.random.Generator) -> None:
    """Lips are not among the landmarks that it is laid by."""
    known = shape(rng)
    opened = seen(known)
    opened[:, [14, 87, 317, 17, 152]] += (0, 40, 0)
    faces = aligned(opened, known)
    np.testing.assert_allclose(axis_angles(faces.rotation), TURNS, atol=1e-9)
    assert np.linalg.norm((faces.points - known)[:, 14], axis=1).min() > 0.35


def test_a_mirror_image_is_not_taken_for_a_turn(rng: np.random.Generator) -> None:
    known = shape(rng)
    rotation = aligned(seen(known * (-1, 1, 1)), known).rotation
    np.testing.assert_allclose(np.linalg.det(rotation), 1)


def test_the_mean_shape_is_that_of_the_face_in_eye_spans(rng: np.random.Generator) -> None:
    known = shape(rng)
    found = mean_shape(seen(known))
    np.testing.assert_allclose(found, known, atol=1e-6)


def test_features_are_what_lies_off_the_shape_the_scores_and_the_turn(rng: np.random.Generator) -> None:
    known, scores = shape(rng), rng.uniform(0, 1, (3, 52))
    opened = seen(known)
    faces = aligned(opened, known)
    faces.points[1, 14] += (0.1, -0.2, 5.0)
    found = features(faces, scores, known)
    assert found.shape == (3, 2 * 478 + 52 + 3)
    np.testing.assert_allclose(found[1, 28:30], LANDMARK_GAIN * np.array([0.1, -0.2]), atol=1e-9)
    np.testing.assert_array_equal(found[:, 956:1008], scores)
    np.testing.assert_allclose(found[:, 1008:], TURN_GAIN * TURNS, atol=1e-9)


def test_the_turn_of_a_clip_is_found_to_a_degree() -> None:
    taken, landmarks = filmed("ada")
    points = landmarks.points.astype(np.float64)
    rotation = aligned(points, mean_shape(points)).rotation.transpose(0, 2, 1) @ turns_of(taken)
    off = axis_angles(rotation[:1].transpose(0, 2, 1) @ rotation)
    assert np.degrees(np.abs(off)).max() < 3
    assert np.degrees(off.std(0)).max() < 1

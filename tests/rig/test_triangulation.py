"""Quads are cut in the same way whatever the last bit of a coordinate."""

from __future__ import annotations

import numpy as np

from splatavatar.rig.triangulation import settled

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float64)
ONE = np.array([[0, 1, 2], [2, 3, 0]], np.int32)
OTHER = np.array([[0, 1, 3], [3, 1, 2]], np.int32)


def test_equal_diagonals_are_cut_along_the_second() -> None:
    for change in (0.0, 1e-15, -1e-15):
        vertices = SQUARE.copy()
        vertices[2] += change
        for faces in (ONE, OTHER):
            found, uv = settled(faces, vertices[faces][..., :2], vertices)
            np.testing.assert_array_equal(found, OTHER)
            # Each corner keeps its texture coordinates.
            np.testing.assert_array_equal(uv, vertices[OTHER][..., :2])


def test_a_shorter_diagonal_stays() -> None:
    vertices = SQUARE.copy()
    vertices[2] -= 0.01
    for faces in (ONE, OTHER):
        np.testing.assert_array_equal(settled(faces, vertices[faces][..., :2], vertices)[0], faces)


def test_quads_of_a_mesh_are_told_apart() -> None:
    vertices = np.concatenate([SQUARE, SQUARE + 5, SQUARE * [1, 1.5, 1] + 9])
    vertices[10] -= 0.1
    faces = np.concatenate([ONE, OTHER + 4, ONE + 8, [[0, 4, 8]]]).astype(np.int32)
    expected = np.concatenate([OTHER, OTHER + 4, ONE + 8, [[0, 4, 8]]])
    np.testing.assert_array_equal(settled(faces, vertices[faces][..., :2], vertices)[0], expected)

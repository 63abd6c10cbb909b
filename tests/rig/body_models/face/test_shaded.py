from __future__ import annotations

import numpy as np

from splatavatar.rig.body_models.face.shaded import Side, shaded, visible

NEAR = np.array([[-0.02, -0.02, 0.01], [0.02, -0.02, 0.01], [0, 0.02, 0.01]])
FAR = NEAR * [3, 3, 1] - [0, 0, 0.03]
VERTICES, FACES = np.concatenate([NEAR, FAR]), np.array([[0, 1, 2], [3, 4, 5]])


def side(**changes: float) -> Side:
    return Side(np.zeros(3), 1000.0, 120, 100, **changes)


def test_the_nearest_triangle_is_seen_where_it_covers_the_middle_of_a_pixel() -> None:
    face, place = visible(VERTICES, FACES, side())
    assert face.shape == (100, 120)
    assert face[50, 60] == 0 and face[25, 60] == 1 and face[2, 2] == -1
    rows, columns = np.nonzero(face >= 0)
    corners = VERTICES[FACES[face[rows, columns]]]
    at = side().project(np.einsum("nk,nki->ni", place[rows, columns], corners))
    np.testing.assert_allclose(at[:, :2], np.stack([columns + 0.5, rows + 0.5], 1), atol=1e-9)
    # A triangle of 40 x 40 pixels has half of them.
    assert abs((face == 0).sum() - 800) < 25


def test_left_of_the_subject_is_right_and_what_faces_away_is_not_seen() -> None:
    vertices = NEAR + np.array([0.03, 0.01, 0])
    face, _ = visible(vertices, FACES[:1], side())
    rows, columns = np.nonzero(face == 0)
    assert columns.min() >= 70 and (rows.min(), rows.max()) == (21, 59)
    assert (visible(vertices, FACES[:1, ::-1], side())[0] == -1).all()
    # From the subject's left and from above.
    np.testing.assert_allclose(side(yaw=np.pi / 2).project(np.array([[0.02, 0, 0.01]])), [[50, 50, 0.02]], atol=1e-9)
    np.testing.assert_allclose(side(pitch=np.pi / 2).project(np.array([[0.02, 0.03, 0]])), [[80, 50, 0.03]], atol=1e-9)


def test_colours_of_triangles_and_of_vertices_under_the_light() -> None:
    red, blue = [1.0, 0, 0], [0, 0, 1.0]
    picture = shaded(VERTICES, FACES, np.array([red, blue]), side(), background=0.5)
    assert picture.dtype == np.uint8 and picture[2, 2].tolist() == [128] * 3
    assert picture[50, 60, 0] > 200 and not picture[50, 60, 1:].any()
    assert picture[25, 60, 2] > 200
    blended = shaded(VERTICES, FACES, np.array([red, red, blue, red, red, red]), side())
    assert blended[66, 60, 0] > blended[66, 60, 2] and blended[34, 60, 2] > blended[34, 60, 0]


def test_triangles_outside_the_picture_and_none_at_all() -> None:
    assert (visible(VERTICES + np.array([5, 0, 0]), FACES, side())[0] == -1).all()
    assert (visible(VERTICES, FACES[:0], side())[0] == -1).all()
    large = np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    assert (visible(large, FACES[:1], side())[0] == 0).all()

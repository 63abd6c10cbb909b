from __future__ import annotations

import numpy as np

from splatavatar.rig.body_models.face.surface import Surface, border_edges, vertex_normals

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]) * 0.1
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def sheets() -> Surface:
    """Two squares of 10 cm, the upper one 4 mm above the other, that face away from each other."""
    vertices = np.concatenate([SQUARE, SQUARE + np.array([0, 0, 0.004])])
    faces = np.concatenate([TRIANGLES[:, ::-1], TRIANGLES + 4])
    return Surface(vertices, faces, np.zeros(len(vertices)))


def test_the_closest_place_faces_the_same_way() -> None:
    surface = sheets()
    point = np.array([[0.03, 0.06, 0.0005]] * 2)
    up = np.array([[0, 0, 1.0], [0, 0, -1.0]])
    found = surface.closest(point, up, np.zeros(2))
    np.testing.assert_allclose(found.point, [[0.03, 0.06, 0.004], [0.03, 0.06, 0]], atol=1e-12)
    np.testing.assert_allclose(found.normal, up, atol=1e-12)
    assert not found.border.any()
    corners = surface.vertices[surface.faces[found.face]]
    np.testing.assert_allclose(np.einsum("nk,nki->ni", found.barycentric, corners), found.point, atol=1e-12)


def test_sides_keep_apart_what_touches_and_faces_alike() -> None:
    vertices = np.concatenate([SQUARE, SQUARE + np.array([0, 0, 0.002])])
    surface = Surface(vertices, np.concatenate([TRIANGLES, TRIANGLES + 4]), np.repeat([-1.0, 1.0], 4))
    point, up = np.array([[0.05, 0.03, 0.001]] * 2), np.array([[0, 0, 1.0]] * 2)
    np.testing.assert_allclose(surface.closest(point, up, np.array([-1.0, 1.0])).point[:, 2], [0, 0.002], atol=1e-12)


def test_where_the_surface_ends_is_told() -> None:
    surface = sheets()
    found = surface.closest(
        np.array([[0.13, 0.05, 0.004], [0.05, 0.05, 0.01]]), np.array([[0, 0, 1.0]] * 2), np.zeros(2)
    )
    assert found.border.tolist() == [True, False]  # the diagonal is no end
    np.testing.assert_allclose(found.point[0], [0.1, 0.05, 0.004], atol=1e-12)
    assert border_edges(TRIANGLES).tolist() == [[0, 1], [0, 3], [1, 2], [2, 3]]


def test_normals_are_weighed_by_area_and_zero_without_a_triangle() -> None:
    vertices = np.array([[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1.0], [9, 9, 9]])
    normals = vertex_normals(vertices, np.array([[0, 1, 2], [0, 2, 3]]))
    np.testing.assert_allclose(normals[0], np.array([1, 0, 2]) / np.sqrt(5))
    np.testing.assert_allclose(normals[1], [0, 0, 1])
    assert not normals[4].any()

"""Triangles with one vertex for each place in the texture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.avatar.mesh.surface import surface, vertex_normals
from support.small_avatar import CENTRE, RADII, small_rig


def test_corners_keep_their_place_and_their_texture() -> None:
    rng = np.random.default_rng(1)
    rig = small_rig()
    # Every corner of a vertex has the texture of that vertex, but for those at a seam.
    of_vertex = rng.random((len(rig.template), 2)).astype(np.float32)
    uv = of_vertex[rig.faces]
    uv[:40, 1] = 0.25
    shown = surface(replace(rig, uv=uv))
    np.testing.assert_array_equal(shown.vertex[shown.triangles], rig.faces)
    np.testing.assert_array_equal(shown.uv[shown.triangles], uv)
    assert (np.diff(shown.vertex) >= 0).all()
    doubled = len(np.unique(rig.faces[:40, 1]))
    assert len(shown.vertex) == len(rig.template) + doubled


def test_a_vertex_of_no_triangle_is_left_out() -> None:
    rig = small_rig()
    shown = surface(replace(rig, faces=rig.faces[:3], uv=rig.uv[:3]))
    np.testing.assert_array_equal(shown.vertex, np.unique(rig.faces[:3]))


def test_normals_of_an_ellipsoid_point_outwards() -> None:
    rig = small_rig()
    normals = vertex_normals(rig.template, rig.faces)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    exact = (rig.template - CENTRE) / RADII**2
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    assert (np.einsum("vi,vi->v", normals, exact)[16:-16] > 0.97).all()


def test_a_vertex_without_an_area_has_a_normal_too() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [5, 5, 5]], np.float32)
    normals = vertex_normals(corners, np.array([[0, 1, 2]], np.int32))
    np.testing.assert_array_equal(normals, [[0, 0, 1]] * 4)

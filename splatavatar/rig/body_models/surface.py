"""Places on a triangle mesh: normals, borders, and the closest point that faces the same way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.rig.landmarks import closest_barycentric

NEAR = 12
"""triangles, nearest by their middle among those that face the same way, of which the closest is taken"""
CHUNK = 4096
"""points at once"""


@dataclass(frozen=True)
class Places:
    """A point of a surface for each of N points."""

    face: Longs
    """(N) index into ``Surface.faces``"""
    barycentric: Doubles
    """(N, 3)"""
    point: Doubles
    """(N, 3)"""
    normal: Doubles
    """(N, 3) of the surface there"""
    border: Mask
    """(N) whether it lies on the border, where the surface ends"""


class Surface:
    """A triangle mesh that is asked for places."""

    def __init__(self, vertices: Doubles, faces: Longs) -> None:
        """``vertices`` (V, 3) of which the ``faces`` (F, 3) may use some."""
        self.vertices, self.faces = np.asarray(vertices, np.float64), np.asarray(faces)

    @cached_property
    def normals(self) -> Doubles:
        """(V, 3) unit normals, weighted by area; zero where a vertex has no triangle."""
        return vertex_normals(self.vertices, self.faces)

    @cached_property
    def face_normals(self) -> Doubles:
        """(F, 3) unit normals."""
        a, b, c = (self.vertices[self.faces[:, corner]] for corner in range(3))
        return _unit(np.cross(b - a, c - a))

    @cached_property
    def on_border(self) -> Mask:
        """(V) whether a vertex is of an edge with one triangle."""
        out = np.zeros(len(self.vertices), bool)
        out[border_edges(self.faces)] = True
        return out

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import KDTree

        return KDTree(self._keys(self.vertices[self.faces].mean(1), self.face_normals))

    def closest(self, points: Doubles, normals: Doubles) -> Places:
        """The closest places to ``points`` (N, 3) with ``normals`` (N, 3) of the surface that they lie on.

        Among the triangles a normal that differs by a right angle counts as much as ``TURN`` metres.
        """
        parts = [slice(at, at + CHUNK) for at in range(0, len(points), CHUNK)]
        found = [self._closest(points[part], normals[part]) for part in parts]
        face, barycentric = (np.concatenate([one[i] for one in found]) for i in range(2))
        corners = self.faces[face]
        point = np.einsum("nk,nki->ni", barycentric, self.vertices[corners])
        normal = _unit(np.einsum("nk,nki->ni", barycentric, self.normals[corners]))
        border = ((barycentric > 1e-6) <= self.on_border[corners]).all(1) & (barycentric.min(1) < 1e-6)
        return Places(face, barycentric, point, normal, border)

    def _closest(self, points: Doubles, normals: Doubles) -> tuple[Longs, Doubles]:
        _, near = self._tree.query(self._keys(points, normals), min(NEAR, len(self.faces)))
        near = near.reshape(len(points), -1)
        corners = self.vertices[self.faces[near]]
        barycentric = closest_barycentric(points[:, None], corners)
        away = np.linalg.norm(np.einsum("nkc,nkci->nki", barycentric, corners) - points[:, None], axis=2)
        turned = np.linalg.norm(self.face_normals[near] - normals[:, None], axis=2)
        best = np.hypot(away, TURN * turned / np.sqrt(2)).argmin(1)
        rows = np.arange(len(points))
        return near[rows, best].astype(np.int64), barycentric[rows, best]

    @staticmethod
    def _keys(points: Doubles, normals: Doubles) -> Doubles:
        return np.concatenate([points, normals * (TURN / np.sqrt(2))], 1)


TURN = 0.012
"""metres; lips and lids are thinner than that, and their two sides are told apart"""


def vertex_normals(vertices: Doubles, faces: Longs) -> Doubles:
    """(V, 3) unit normals of vertices, weighted by area; zero where a vertex has no triangle."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    area = np.cross(b - a, c - a)
    out = np.zeros(vertices.shape)
    for axis in range(3):
        out[:, axis] = np.bincount(faces.ravel(), np.repeat(area[:, axis], 3), len(vertices))
    return _unit(out)


def border_edges(faces: Longs) -> Longs:
    """(N, 2) the vertices of edges with one triangle."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return np.asarray(unique[count == 1])


def _unit(vectors: Doubles) -> Doubles:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1))

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
TURN = 0.012
"""metres; lips and lids are thinner than that, and their two sides are told apart"""
ASIDE = 0.02
"""metres; an upper lip is never the lower one"""
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

    def __init__(self, vertices: Doubles, faces: Longs, side: Doubles) -> None:
        """``vertices`` (V, 3) of which the ``faces`` (F, 3) may use some; ``side`` (V) tells apart what touches."""
        self.vertices, self.faces = np.asarray(vertices, np.float64), np.asarray(faces)
        self.side = np.asarray(side, np.float64)

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
    def ends(self) -> Mask:
        """(F, 3) whether the edge opposite each corner has this triangle alone."""
        edges = np.stack([self.faces[:, [1, 2]], self.faces[:, [2, 0]], self.faces[:, [0, 1]]], 1).reshape(-1, 2)
        keys = np.sort(edges, 1).astype(np.int64) @ [len(self.vertices), 1]
        _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(count[place] == 1).reshape(-1, 3)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import KDTree

        return KDTree(_keys(self.vertices[self.faces].mean(1), self.face_normals, self.side[self.faces].mean(1)))

    def closest(self, points: Doubles, normals: Doubles, side: Doubles) -> Places:
        """The closest places to ``points`` (N, 3) with ``normals`` (N, 3) and ``side`` (N) of the surface they lie on.

        Among the triangles a normal that differs by a right angle counts as much as ``TURN`` metres, a side that
        differs by one as much as ``ASIDE``.
        """
        parts = [slice(at, at + CHUNK) for at in range(0, len(points), CHUNK)]
        found = [self._closest(points[part], normals[part], side[part]) for part in parts]
        face, barycentric = (np.concatenate([one[i] for one in found]) for i in range(2))
        corners = self.faces[face]
        point = np.einsum("nk,nki->ni", barycentric, self.vertices[corners])
        normal = _unit(np.einsum("nk,nki->ni", barycentric, self.normals[corners]))
        border = (self.ends[face] & (barycentric < 1e-6)).any(1)
        return Places(face, barycentric, point, normal, border)

    def _closest(self, points: Doubles, normals: Doubles, side: Doubles) -> tuple[Longs, Doubles]:
        _, near = self._tree.query(_keys(points, normals, side), min(NEAR, len(self.faces)))
        near = near.reshape(len(points), -1)
        corners = self.vertices[self.faces[near]]
        barycentric = closest_barycentric(points[:, None], corners)
        away = np.linalg.norm(np.einsum("nkc,nkci->nki", barycentric, corners) - points[:, None], axis=2)
        turned = np.linalg.norm(self.face_normals[near] - normals[:, None], axis=2)
        apart = np.einsum("nkc,nkc->nk", barycentric, self.side[self.faces[near]]) - side[:, None]
        best = (away**2 + (TURN * turned) ** 2 / 2 + (ASIDE * apart) ** 2).argmin(1)
        rows = np.arange(len(points))
        return near[rows, best].astype(np.int64), barycentric[rows, best]


def _keys(points: Doubles, normals: Doubles, side: Doubles) -> Doubles:
    return np.concatenate([points, normals * (TURN / np.sqrt(2)), side[:, None] * ASIDE], 1)


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

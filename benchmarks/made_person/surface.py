"""Points fixed to triangles that move, and the nearest place on a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def frames(vertices: Array, faces: Indices) -> tuple[Array, Array]:
    """Centres (F, 3) of triangles and their axes (F, 3, 3) in columns: edge, normal, across."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    edge = unit(second - first)
    normal = unit(np.cross(second - first, third - first))
    return (first + second + third) / 3, np.stack([edge, normal, np.cross(edge, normal)], -1)


def unit(vectors: Array) -> Array:
    """Vectors of length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


@dataclass(frozen=True)
class Bound:
    """Points (N, K, 3) that move with a triangle each (N)."""

    face: Indices
    local: Array

    @staticmethod
    def bind(points: Array, face: Indices, vertices: Array, faces: Indices) -> Bound:
        centre, axes = frames(vertices, faces[face])
        return Bound(face, np.einsum("nij,nki->nkj", axes, points - centre[:, None]))

    def placed(self, vertices: Array, faces: Indices) -> Array:
        """Where the points (N, K, 3) are on moved ``vertices``."""
        centre, axes = frames(vertices, faces[self.face])
        return np.asarray(np.einsum("nij,nkj->nki", axes, self.local) + centre[:, None])


def vertex_normals(vertices: Array, faces: Indices) -> Array:
    """Unit normals (V, 3), weighted by area."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], normals)
    return unit(total)


def scattered(vertices: Array, faces: Indices, count: int, random: np.random.Generator) -> tuple[Array, Array, Indices]:
    """``count`` points (N, 3) spread evenly over triangles, with normals (N, 3) and faces (N)."""
    corners = vertices[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1)
    face = random.choice(len(faces), count, p=area / area.sum())
    a, b = random.random(count), random.random(count)
    flip = a + b > 1
    a[flip], b[flip] = 1 - a[flip], 1 - b[flip]
    weights = np.stack([1 - a - b, a, b], 1)
    smooth = vertex_normals(vertices, faces)[faces[face]]
    return (
        np.einsum("nc,nci->ni", weights, corners[face]),
        unit(np.einsum("nc,nci->ni", weights, smooth)),
        face.astype(np.int64),
    )


def rigid(rest: Array, moved: Array) -> Array:
    """The 4x4 of the rotation and translation that best carry points ``rest`` to ``moved`` (Kabsch)."""
    centre, target = rest.mean(0), moved.mean(0)
    left, _, right = np.linalg.svd((moved - target).T @ (rest - centre))
    left[:, 2] *= np.linalg.det(left @ right)
    matrix = np.eye(4)
    matrix[:3, :3] = left @ right
    matrix[:3, 3] = target - matrix[:3, :3] @ centre
    return matrix

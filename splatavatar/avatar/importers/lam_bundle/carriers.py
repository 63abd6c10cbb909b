"""A triangle of its own for every Gaussian that belongs to a vertex.

A Gaussian of a triangle turns with it. One that lies centimetres off a vertex, as hair does, would swing far where the
face stretches. Tools that place Gaussians relative to vertices move them as the vertex moves and turn them as its
joints turn. A triangle from the vertex to two points that move and are skinned as the vertex is does exactly that. The
first of them is where the Gaussian is, so that its place is a corner, which the file keeps in full precision.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import AnyArray, Floats, Ints
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.gaussians.gaussians import BoundGaussians, Gaussians
from splatavatar.rotations import quaternion_product, quaternions_of_matrices

NEAR = 1e-3
"""metres from its vertex up to which a Gaussian lies beside its carrier, which would be too small to have axes"""
SIDE = 2.0**-6
"""metres: the size of such a carrier"""


def carrier_vertices(vertices: Floats, offset: Floats) -> Floats:
    """The vertices (3 V, 3) of a mesh (V, 3) with carriers: its own, then the second corner of each carrier, then the
    third. ``offset`` (V, 3) leads from each vertex to its Gaussian, metres."""
    edge = np.where(_is_far(offset)[:, None], offset, [SIDE, 0, 0]).astype(np.float64)
    least = np.eye(3)[np.abs(edge).argmin(1)]
    side = np.cross(edge, least)
    side *= np.linalg.norm(edge, axis=1, keepdims=True) / np.linalg.norm(side, axis=1, keepdims=True)
    return np.concatenate([vertices, vertices + edge, vertices + side]).astype(np.float32)


def carrier_faces(count: int) -> Ints:
    """The carriers (V, 3) of a mesh of ``count`` vertices, in their order."""
    return np.arange(3 * count, dtype=np.int32).reshape(3, count).T


def as_carried(of_vertices: AnyArray, axis: int = 0) -> AnyArray:
    """What is so for the vertices (V) of a mesh, for all that ``carrier_vertices`` returns."""
    return np.concatenate([of_vertices] * 3, axis)


def bound_to_carriers(
    vertices: Floats, faces: Ints, first: int, offset: Floats, gaussians: Gaussians[Floats]
) -> BoundGaussians:
    """Gaussians with colours that are the same from all sides, one a vertex and in their order, in the frames of the
    carriers.

    Args:
        vertices: those of the mesh and its carriers, metres.
        faces: its triangles, and from number ``first`` the carriers.
        first: number of the first carrier.
        offset: (V, 3) from each vertex to its Gaussian, metres.
        gaussians: V of them; their means are not looked at.
    """
    rotation, size = triangle_frames(vertices, faces[first:])
    far, turn = _is_far(offset), quaternions_of_matrices(rotation.astype(np.float64))
    local = quaternion_product(turn * [1, -1, -1, -1], gaussians.rotation.astype(np.float64))
    beside = np.where(far[:, None], 0, np.einsum("nij,ni->nj", rotation, offset) / size[:, None])
    return BoundGaussians(
        face=np.arange(first, len(faces), dtype=np.int32),
        barycentric=np.eye(3, dtype=np.float32)[far.astype(int)],
        position=beside.astype(np.float32),
        rotation=(local / np.linalg.norm(local, axis=1, keepdims=True)).astype(np.float32),
        scale=gaussians.scale / size[:, None],
        opacity=gaussians.opacity,
        colour=gaussians.colour,
        sh=np.zeros((len(offset), 3, 3), np.float32),
    )


def _is_far(offset: Floats) -> AnyArray:
    return np.asarray(np.linalg.norm(offset, axis=1) > NEAR)

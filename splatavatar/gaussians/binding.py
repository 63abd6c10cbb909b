"""From triangles to the world: the frame of a triangle and the Gaussians that ride on it.

The frame follows the definition of the GaussianAvatars paper (Qian et al., CVPR 2024), with these axes: for a triangle
(v0, v1, v2) and e = v1 - v0,

    a0 = e / |e|,  n = normalise(e x (v2 - v0)),  a2 = a0 x n,  R = [a0 n a2],  k = (|e| + |a2 . (v2 - v0)|) / 2,

so k is the mean of base and height. A Gaussian at ``position`` p from the point o of the triangle has its mean at o + k
R p.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats, Ints
from splatavatar.gaussians.gaussians import PSI_LIMIT, BoundGaussians, Correctives, Gaussians
from splatavatar.rotations import quaternion_product, quaternions_of_matrices

# A triangle without area still gets finite values.
_SMALLEST = 1e-12


def triangle_areas(corner: Floats | Doubles) -> NDArray[Any]:
    """The areas (F) of triangles with ``corner`` (F, 3, 3), in squares of their unit."""
    return np.asarray(np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2)


def triangle_frames(vertices: Floats, faces: Ints) -> tuple[Floats, Floats]:
    """The rotation (F, 3, 3) from the frame of each triangle to the world, axes in columns, and its size k (F) in
    metres.

    ``vertices`` (V, 3) are in the world frame in metres, ``faces`` (F, 3) index them.
    """
    rotation, size = _frames(vertices, faces)
    return rotation.astype(np.float32), size.astype(np.float32)


def to_world(
    bound: BoundGaussians, vertices: Floats, faces: Ints, camera_position: NDArray[Any] | None = None
) -> Gaussians[Floats]:
    """The Gaussians on a posed rig: ``vertices`` (V, 3) in the world frame in metres, ``faces`` (F, 3).

    With ``camera_position`` (3), in the world frame in metres, the colour is the one that this camera sees, not below
    0. Without, it is the part that does not depend on the view, as stored.
    """
    rotation, mean, scale = _placed(bound, vertices, faces)
    colour = bound.colour.astype(np.float64)
    if camera_position is not None:
        ray = _normalised(mean - np.asarray(camera_position, np.float64))
        direction = np.einsum("nij,ni->nj", rotation, ray)
        colour = np.maximum(colour + np.einsum("ncj,nj->nc", bound.sh, direction), 0.0)
    return Gaussians(
        mean=mean.astype(np.float32),
        rotation=quaternion_product(quaternions_of_matrices(rotation), bound.rotation.astype(np.float64)).astype(
            np.float32
        ),
        scale=scale.astype(np.float32),
        opacity=bound.opacity.copy(),
        colour=colour.astype(np.float32),
    )


def world_sh(bound: BoundGaussians, vertices: Floats, faces: Ints) -> Floats:
    """The ``bound.sh`` turned into the world: (N, 3, 3) [channel, axis], for a unit direction in the world frame."""
    rotation, _ = triangle_frames(vertices, faces)
    return bound.sh @ rotation[bound.face].transpose(0, 2, 1)


def corrected(bound: BoundGaussians, correctives: Correctives, inputs: Floats) -> BoundGaussians:
    """The Gaussians with the correctives of one pose added; ``inputs`` (D) as ``Rig.corrective_inputs`` describes."""
    if len(correctives) == 0:
        return bound
    psi = np.clip(correctives.weights @ inputs + correctives.bias, -PSI_LIMIT, PSI_LIMIT)
    return replace(
        bound,
        position=bound.position + np.tensordot(psi, correctives.position, 1).astype(np.float32),
        colour=bound.colour + np.tensordot(psi, correctives.colour, 1).astype(np.float32),
    )


def _frames(vertices: Floats, faces: Ints) -> tuple[Doubles, Doubles]:
    v0, v1, v2 = np.moveaxis(vertices.astype(np.float64)[faces], 1, 0)
    edge, other = v1 - v0, v2 - v0
    a0, n = _normalised(edge), _normalised(np.cross(edge, other))
    a2 = np.cross(a0, n)
    height = np.abs(np.einsum("fi,fi->f", a2, other))
    return np.stack([a0, n, a2], axis=-1), (np.linalg.norm(edge, axis=-1) + height) / 2


def _placed(bound: BoundGaussians, vertices: Floats, faces: Ints) -> tuple[Doubles, Doubles, Doubles]:
    """Rotation of the carrying triangle (N, 3, 3), mean (N, 3) and scale (N, 3), all in the world."""
    frames, sizes = _frames(vertices, faces)
    rotation, size = frames[bound.face], sizes[bound.face][:, None]
    origin = np.einsum("nk,nki->ni", bound.barycentric, vertices.astype(np.float64)[faces[bound.face]])
    mean = origin + size * np.einsum("nij,nj->ni", rotation, bound.position)
    return rotation, mean, size * bound.scale


def _normalised(vectors: Doubles) -> Doubles:
    length: Doubles = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, _SMALLEST)

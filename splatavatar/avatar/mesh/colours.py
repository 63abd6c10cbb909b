"""What colour an avatar has at the vertices of its rig, so that the mesh alone looks like the person."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Floats, Longs
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.mesh.surface import gathered, vertex_normals
from splatavatar.gaussians.binding import corrected, to_world
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.rig.rig import Rig
from splatavatar.rotations import matrices_of_quaternions

GREY = 0.5
"""where no Gaussian lies on a part of the mesh that hangs together"""
LEAST_COVER = 0.1
"""opacity of all Gaussians at a vertex, from which on their colour is taken"""
ROUND = 1e-9
"""of its variances, at least, the one across a Gaussian"""
FOOTPRINT = 0.2
"""standard deviation of what a vertex stands for, in lengths of the edges at it"""


def vertex_colours(avatar: Avatar) -> Floats:
    """The colour (V, 3) of every vertex of the rig at rest: RGB, sRGB values, not clamped.

    It is what is seen there looking straight at the surface: the Gaussians on the triangles around the vertex and
    around these, blended by their height over it, without what depends on the view. Vertices where they cover next to
    nothing take the mean of their neighbours, and so on from these.
    """
    rig = avatar.rig
    bound = corrected(avatar.gaussians, avatar.correctives, np.zeros(rig.corrective_inputs, np.float32))
    world = to_world(bound, rig.template, rig.faces)
    normals, size = vertex_normals(rig.template, rig.faces), _edge_lengths(rig)
    axes = matrices_of_quaternions(world.rotation) * world.scale[:, None, :]  # (N, 3, 3), long as the deviations
    faces_at = _grouped(rig.faces.reshape(-1), len(rig.template))
    gaussians_on = _grouped(bound.face, len(rig.faces))
    colour, cover = np.zeros((len(rig.template), 3)), np.zeros(len(rig.template))
    for vertex in np.unique(rig.faces).tolist():
        near = np.unique(rig.faces[faces_at[vertex] // 3])
        triangles = np.unique(np.concatenate([faces_at[corner] // 3 for corner in (vertex, *near)]))
        these = np.concatenate([gaussians_on[triangle] for triangle in triangles], dtype=np.int64)
        colour[vertex], cover[vertex] = _seen(
            world, axes, these, rig.template[vertex], normals[vertex], FOOTPRINT * size[vertex]
        )
    return _spread(colour, cover >= LEAST_COVER, rig.faces.astype(np.int64)).astype(np.float32)


def _seen(
    world: Gaussians[Floats], axes: Doubles, these: Longs, point: Floats, normal: Doubles, footprint: float
) -> tuple[Doubles, float]:
    """The mean colour (3) of ``these`` Gaussians at ``point`` seen against ``normal``, and how much they cover."""
    if not len(these):
        return np.zeros(3), 0.0
    offset = world.mean[these].astype(np.float64) - point
    across = _tangents(normal)  # (2, 3)
    spread = across @ axes[these]  # (K, 2, 3)
    covariance = spread @ spread.transpose(0, 2, 1)
    # However long and thin one is, it has an inverse.
    least = footprint**2 + ROUND * np.trace(covariance, axis1=1, axis2=2)
    blurred = covariance + least[:, None, None] * np.eye(2)
    placed = offset @ across.T
    distance = np.einsum("ki,kij,kj->k", placed, np.linalg.inv(blurred), placed)
    # What is blurred is thinner, too.
    thinner = np.sqrt(np.maximum(np.linalg.det(covariance), 0) / np.linalg.det(blurred))
    alpha = world.opacity[these] * thinner * np.exp(-distance / 2)
    order = np.argsort(-(offset @ normal))
    alpha = alpha[order]
    weight = alpha * np.concatenate([[1.0], np.cumprod(1 - alpha)[:-1]])
    cover = float(weight.sum())
    return weight @ world.colour[these[order]] / max(cover, 1e-12), cover


def _tangents(normal: Doubles) -> Doubles:
    """Two unit vectors (2, 3) across ``normal`` and across each other."""
    first = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(normal, first)])


def _edge_lengths(rig: Rig) -> Doubles:
    """The mean length (V) of the edges at each vertex, metres; a little of it where there are none."""
    begin, end = _edges(rig.faces.astype(np.int64))
    length = np.linalg.norm(rig.template[end].astype(np.float64) - rig.template[begin], axis=1)
    count = np.bincount(begin, minlength=len(rig.template))
    summed = gathered(length[:, None], begin, len(rig.template))[:, 0]
    return np.maximum(summed / np.maximum(count, 1), 1e-6)


def _grouped(index: np.ndarray, count: int) -> list[Longs]:
    """For each of ``count`` numbers, where it stands in ``index``."""
    order = np.argsort(index, kind="stable")
    return np.split(order, np.cumsum(np.bincount(index, minlength=count))[:-1])


def _edges(faces: Longs) -> tuple[Longs, Longs]:
    """Both directions of the three edges of every triangle."""
    begin, end = faces.reshape(-1), faces[:, [1, 2, 0]].reshape(-1)
    return np.concatenate([begin, end]), np.concatenate([end, begin])


def _spread(colour: Doubles, known: np.ndarray, faces: Longs) -> Doubles:
    """``colour`` (V, 3), from where it is ``known`` (V) continued over the edges to where it is not."""
    colour = np.where(known[:, None], colour, GREY)
    begin, end = _edges(faces)
    while True:
        reaching = known[begin] & ~known[end]
        if not reaching.any():
            return colour
        counts = np.bincount(end[reaching], minlength=len(known))
        sums = gathered(colour[begin[reaching]], end[reaching], len(known))
        reached = counts > 0
        colour[reached] = sums[reached] / counts[reached, None]
        known = known | reached

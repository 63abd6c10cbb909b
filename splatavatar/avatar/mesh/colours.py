"""What colour an avatar has at the vertices of its rig, so that the mesh alone looks like the person."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Floats, Longs
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.mesh.surface import gathered
from splatavatar.gaussians.binding import corrected

GREY = 0.5
"""where no Gaussian lies on a part of the mesh that hangs together"""
_SMALLEST = 1e-30


def vertex_colours(avatar: Avatar) -> Floats:
    """The colour (V, 3) of every vertex of the rig at rest: RGB, sRGB values, not clamped.

    It is the mean of the Gaussians on the triangles around it, by their opacity, by the area of their largest section
    and by how near they lie to the vertex (barycentric coordinate), without what depends on the view. Vertices without
    any take the mean of their neighbours, and so on from these.
    """
    rig = avatar.rig
    bound = corrected(avatar.gaussians, avatar.correctives, np.zeros(rig.corrective_inputs, np.float32))
    # On triangles of different sizes, ``scale`` is in units of these; within one it compares what it should.
    sections = np.sort(bound.scale.astype(np.float64), axis=1)[:, 1:].prod(1)
    share = np.maximum(bound.barycentric, 0) * (bound.opacity * sections)[:, None]  # (N, 3)
    vertex = rig.faces[bound.face].reshape(-1)
    summed = gathered(share.reshape(-1, 1) * np.repeat(bound.colour, 3, axis=0), vertex, len(rig.template))
    weight: Doubles = np.bincount(vertex, share.reshape(-1), len(rig.template)).astype(np.float64)
    return _spread(summed, weight, rig.faces.astype(np.int64)).astype(np.float32)


def _spread(summed: Doubles, weight: Doubles, faces: Longs) -> Doubles:
    """``summed`` (V, 3) over ``weight`` (V), continued over the edges to where there is no weight."""
    known = weight > _SMALLEST
    colour = np.where(known[:, None], summed / np.maximum(weight, _SMALLEST)[:, None], GREY)
    begin = faces.reshape(-1)
    end = faces[:, [1, 2, 0]].reshape(-1)
    begin, end = np.concatenate([begin, end]), np.concatenate([end, begin])
    while True:
        reaching = known[begin] & ~known[end]
        if not reaching.any():
            return colour
        counts = np.bincount(end[reaching], minlength=len(weight))
        sums = gathered(colour[begin[reaching]], end[reaching], len(weight))
        reached = counts > 0
        colour[reached] = sums[reached] / counts[reached, None]
        known = known | reached

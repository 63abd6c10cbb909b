"""Which places of the two sides of a person are the same: the rig is symmetric about the plane x = 0."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Longs
from splatavatar.bake.completion.samples import Samples, outer
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

MIRROR = np.array([-1.0, 1.0, 1.0])
NEAR = 0.006
"""metres between a mirrored place and one that counts as the same"""
TURNED = 0.02
"""metres that a difference of normals by 1 counts as: front and back of an ear lie close to each other"""


def counterparts(samples: Samples) -> Longs:
    """The sample (S) at the mirrored place of each, -1 where none is near or it is made of something else."""
    distance, near = _across(samples.point, samples.normal)
    same = (distance < NEAR) & (samples.material[near] == samples.material)
    return np.where(same, near, -1)


def mirrored_faces(rig: Rig) -> Longs:
    """For each face (F) that the outside sees the one at the mirrored place, -1 for the others."""
    outside = np.flatnonzero(outer(rig))
    centre = rig.template[rig.faces[outside]].mean(1).astype(np.float64)
    normal = triangle_frames(rig.template, rig.faces)[0][outside, :, 1]
    found = np.full(len(rig.faces), -1, np.int64)
    found[outside] = outside[_across(centre, normal.astype(np.float64))[1]]
    return found


def _across(point: Doubles, normal: Doubles) -> tuple[Doubles, Longs]:
    """How far off (N) the mirror image of each ``point`` (N, 3), with its ``normal`` (N, 3), the nearest is, and which
    (N) it is."""
    own = np.concatenate([point, TURNED * normal], 1)
    distance, near = KDTree(own).query(own * np.tile(MIRROR, 2))
    return distance, near

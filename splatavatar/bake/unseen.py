"""Colour for what no camera saw.

The back of a head that was only filmed from the front still has Gaussians. What shines through to a grazing view says
nothing about them, and it shows as coloured noise as soon as the avatar is turned further than the cameras went.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.bake.engine import Target
from splatavatar.bake.rig_motion import RigMotion
from splatavatar.bake.splats import Splats
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

Floats = NDArray[np.float32]
UNSEEN, SEEN = 0.1, 0.3
"""cosines between the normal of a triangle and the camera that looks at it most squarely: below the first its Gaussians
may be unseen, above the second they may lend their colour"""
FAINT = 0.3
"""of the median evidence: what turns away and shows more than that is an outline, which must stay as it is"""
NEIGHBOURS = 24
KEPT_APART = ("scalp", "eye_left", "eye_right", "eye_sockets", "mouth", "tongue", "lips", "teeth_upper", "teeth_lower")
"""regions that lend to themselves alone"""


def squareness(motion: RigMotion, targets: list[Target]) -> Floats:
    """(F) largest cosine, over all pictures, between the normal of a posed triangle and the direction to the camera."""
    best = np.full(len(motion.rig.faces), -1.0)
    for timestep in sorted({t.timestep for t in targets}):
        vertices = motion.vertices(timestep).numpy()
        normal = triangle_frames(vertices, motion.rig.faces)[0][:, :, 1]
        centre = vertices[motion.rig.faces].mean(1)
        for target in (t for t in targets if t.timestep == timestep):
            towards = target.camera.position - centre
            best = np.maximum(best, (normal * towards).sum(1) / np.linalg.norm(towards, axis=1))
    return best.astype(np.float32)


def fill_unseen(splats: Splats, rig: Rig, means: Floats, square: Floats, evidence: Floats) -> Splats:
    """A copy of ``splats`` in which every unseen Gaussian has the mean colour of the nearest seen ones of its region.

    View dependence and colour corrections of the unseen ones are removed.

    Args:
        means: (N, 3) neutral positions, metres.
        square: (F) see ``squareness``.
        evidence: (N) sum of blending weights over the bake.
    """
    from scipy.spatial import KDTree

    face = splats.face.numpy()
    region = np.zeros(len(rig.faces), np.int64)
    for number, name in enumerate(KEPT_APART, 1):
        region[rig.regions.get(name, [])] = number
    filled = splats.rows(torch.arange(len(splats)))
    for number in range(len(KEPT_APART) + 1):
        inside = region[face] == number
        rich = np.flatnonzero(inside & (square[face] > SEEN))
        poor = np.flatnonzero(inside & (square[face] < UNSEEN) & (evidence < FAINT * np.median(evidence)))
        if not len(poor) or len(rich) < NEIGHBOURS:
            continue
        _, near = KDTree(means[rich]).query(means[poor], NEIGHBOURS)
        rows = torch.from_numpy(poor)
        filled.colour[rows] = splats.colour[torch.from_numpy(rich[near])].mean(1)
        filled.sh[rows] = 0.0
        filled.correctives[:, rows, 3:] = 0.0
    return filled

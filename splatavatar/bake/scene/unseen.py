"""Colour for what no camera saw.

The back of a head that was only filmed from the front still has Gaussians. What shines through to a grazing view says
nothing about them, and it shows as coloured noise as soon as the avatar is turned further than the cameras went.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

FAINT = 0.3
"""of the median evidence: what turns away and shows more than that is an outline, which must stay as it is"""
PATCH = 0.008
NEIGHBOURS = 24
FAR = 0.015
"""metres from the lenders, from which on the usual colour of the region takes over; at twice that it is alone"""
LENDERS = 0.7
"""quantile of the squareness of what turns to a camera at all, above which Gaussians may lend in any case"""
KEPT_APART = (
    "torso",
    "scalp",
    "eye_left",
    "eye_right",
    "eye_sockets",
    "mouth",
    "tongue",
    "lips",
    "teeth_upper",
    "teeth_lower",
)
"""regions that lend to themselves alone"""


NEVER = -1.0
"""squareness of what lies outside of every picture"""


def squareness(motion: RigMotion, targets: list[Target]) -> Floats:
    """The largest cosine (F), over all pictures, of the normal of a posed triangle and the direction to the camera.

    Pictures in which the triangle lies outside do not count.
    """
    best = np.full(len(motion.rig.faces), NEVER)
    for target in targets:
        view = PosedView(target, motion.vertices(target.timestep).numpy(force=True))
        normal = triangle_frames(view.vertices, motion.rig.faces)[0][:, :, 1]
        centre = view.vertices[motion.rig.faces].mean(1)
        towards = target.camera.position - centre
        cosine = (normal * towards).sum(1) / np.linalg.norm(towards, axis=1)
        best = np.where(view.pixels(centre)[2], np.maximum(best, cosine), best)
    return best.astype(np.float32)


def patches(rig: Rig) -> NDArray[np.int64]:
    """The number (F) of the piece of the surface, about ``PATCH`` metres across, that a triangle belongs to."""
    centre = rig.template[rig.faces].mean(1)
    cells = np.floor(centre / PATCH).astype(np.int64)
    return np.asarray(np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1), np.int64)


def shown(splats: Splats, rig: Rig, square: Floats) -> Splats:
    """The ``splats`` without those of the torso that lie outside every picture; ``square`` (F) see ``squareness``."""
    never = np.zeros(len(rig.faces), bool)
    never[rig.regions.get("torso", [])] = True
    never &= square <= NEVER
    return splats.rows(torch.from_numpy(np.flatnonzero(~never[splats.face.numpy()])))


def fill_unseen(
    splats: Splats, rig: Rig, means: Floats, square: Floats, evidence: Floats, limits: tuple[float, float]
) -> Splats:
    """A copy of ``splats`` in which every unseen Gaussian has the mean colour of the nearest seen ones of its region.

    View dependence and colour corrections of the unseen ones are removed.

    Args:
        means: (N, 3) neutral positions, metres.
        square: (F) see ``squareness``.
        evidence: (N) sum of blending weights over the bake.
        limits: cosines between the normal of a triangle and the camera that looks at it most squarely: below the first
            its Gaussians may be unseen, above the second they may lend their colour.
    """
    from scipy.spatial import KDTree

    face = splats.face.numpy()
    faint = FAINT * np.median(evidence[evidence > 0]) if evidence.any() else 0.0
    region = np.zeros(len(rig.faces), np.int64)
    for number, name in enumerate(KEPT_APART, 1):
        region[rig.regions.get(name, [])] = number
    filled = splats.rows(torch.arange(len(splats)))
    for number in range(len(KEPT_APART) + 1):
        inside = region[face] == number
        # A scalp that was seen from the front has nothing that faces the camera; then the best of it lends.
        best = square[face[inside & (square[face] > 0)]]
        lends = min(limits[1], float(np.quantile(best, LENDERS))) if len(best) else limits[1]
        rich = np.flatnonzero(inside & (square[face] >= lends))
        poor = np.flatnonzero(inside & (square[face] < limits[0]) & (evidence <= faint))
        if not len(poor) or len(rich) < NEIGHBOURS:
            continue
        distance, near = KDTree(means[rich]).query(means[poor], NEIGHBOURS)
        rows = torch.from_numpy(poor)
        close = splats.colour[torch.from_numpy(rich[near])].mean(1)
        # Far from everything that was seen, the nearest is the least typical: the hairline for the back of the head.
        usual = splats.colour[torch.from_numpy(rich)].median(0).values
        share = torch.from_numpy(np.clip(distance.mean(1) / FAR - 1, 0, 1).astype(np.float32))[:, None]
        filled.colour[rows] = (1 - share) * close + share * usual
        filled.sh[rows] = 0.0
        filled.correctives[:, rows, 3:] = 0.0
    return filled

"""How squarely each triangle was seen at best: what only turns away learns nothing from what shines through to it."""

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

PATCH = 0.008
"""metres across a patch of surface"""
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

"""What lies below the skin of whom one camera saw."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.array_types import Mask
from splatavatar.bake.completion.samples import SKIN, on_surface, outer
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.initialise import sized, surface_splats
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
from splatavatar.rig.rig import Rig

SPACING, DEEP = 0.005, 0.002
"""metres between the Gaussians, and below the skin"""
HOLLOW = "eyelids", "eye_sockets", "lips", "mouth"
"""regions below whose skin there is none"""
LIKELY = 0.4
"""likeness to skin of the samples whose detail they take"""
NEAR, MOSTLY = 4, 0.5
"""samples around a Gaussian, whose mean colour it takes, and the share of them that must be such skin"""
OPAQUE = 0.95


def ground(rig: Rig, found: Survey, places: Mask, correctives: int, seed: int) -> Splats:
    """Gaussians just below the skin at ``places`` (S) of ``found``, on the CPU, in the colour that was
    seen above them, or in the smooth one.

    What one camera saw at a slant is opaque along its view alone, and what was completed may leave gaps: from aside the
    far side of the head would show through.
    """
    samples = found.samples
    area = triangle_areas(rig.template[rig.faces])
    splats = surface_splats(rig, rig.template, round(float(area.sum()) / SPACING**2), correctives, seed)
    face = splats.face.numpy()
    near = samples.nearest(on_surface(rig, face, splats.barycentric.numpy()), NEAR)
    skin = places & (samples.material == SKIN)
    hollow = np.isin(face, np.concatenate([rig.regions.get(name, np.zeros(0, np.int32)) for name in HOLLOW]))
    rows = np.flatnonzero(outer(rig)[face] & ~hollow & (skin[near].mean(1) >= MOSTLY))
    splats, face, near = splats.rows(torch.from_numpy(rows)), face[rows], near[rows]
    size = np.maximum(triangle_frames(rig.template, rig.faces)[1][face], 1e-9)
    splats.position[:, 1] = torch.from_numpy((-DEEP / size).astype(np.float32))
    sized(splats, rig, 0.8 * SPACING, DEEP / 4)
    colour = found.colour + (found.seen.trust * (found.skin > LIKELY))[:, None] * found.detail
    splats.colour[:] = torch.from_numpy(colour[near].mean(1).clip(0, 1).astype(np.float32))
    splats.logit[:] = torch.logit(torch.tensor(OPAQUE))
    return splats

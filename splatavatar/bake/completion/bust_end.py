"""Where a bust ends: one soft line at one height, the same from every side."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.bake.completion.samples import on_surface, sampled_mask
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.rig.rig import Rig

FADE = 0.03
"""metres above the end over which a bust fades"""
FRAMED = 0.02
"""share of the pictures within which a height of the chest must lie to count as filmed: what any of them shows stays"""
SHORTEST, LONGEST = 0.02, 0.16
"""metres below the base of the neck"""
HIGH = 0.9
"""quantile of a height that is asked: some of its places lie farther from the camera, and lower in the picture"""
SLICE = 0.01
"""metres of height that are asked at once"""


def end_height(found: Survey, rig: Rig, below_neck: float | None = None) -> float | None:
    """The height in metres, rig frame, at which the bust ends: ``below_neck`` metres below the base of the neck, by
    default how far down the front was filmed.

    None for a rig without a torso, which ends where it ends.
    """
    samples = found.samples
    below = sampled_mask(rig, samples, "torso")
    if not below.any():
        return None
    neck = float(rig.template[rig.faces[rig.regions["neck"]]][..., 1].min())
    if below_neck is not None:
        return neck - below_neck
    front = below & (samples.normal[:, 2] > 0.3)
    height = neck - SHORTEST
    while height > neck - LONGEST:
        slab = front & (np.abs(samples.point[:, 1] - height) < SLICE)
        if not slab.any() or np.quantile(found.seen.framed[slab], HIGH) < FRAMED:
            break
        height -= SLICE
    return height - FADE


def ended(splats: Splats, rig: Rig, height: float | None) -> Splats:
    """The ``splats`` without those below ``height``; those little above fade. On the CPU."""
    if height is None:
        return splats
    face = splats.face.numpy()
    point = on_surface(rig, face, splats.barycentric.numpy())[:, 1]
    share = np.where(np.isin(face, rig.regions["torso"]), ((point - height) / FADE).clip(0, 1), 1.0)
    share = share * share * (3 - 2 * share)
    rows = np.flatnonzero(share > 0.01)
    kept = splats.rows(torch.from_numpy(rows))
    opacity = torch.sigmoid(kept.logit) * torch.from_numpy(share[rows].astype(np.float32))
    kept.logit = torch.logit(opacity.clamp(1e-4, 1 - 1e-4))
    return kept

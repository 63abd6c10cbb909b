"""Where a bust ends: one soft line at one height, the same from every side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from splatavatar.bake.completion.samples import on_surface, sampled_mask
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.initialise import sized, surface_splats
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
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
GRAIN = 0.005
"""metres between the Gaussians of the layer in which a bust fades"""
WIDE = 0.008
"""metres of standard deviation of each: several lie over each other, so that none is seen"""
NEAR = 8
"""samples whose mean colour they take"""


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


def ended(splats: Splats, rig: Rig, found: Survey, height: float | None, seed: int) -> Splats:
    """The ``splats`` of ``rig`` without those below ``height``, on the CPU; from ``FADE`` above it they give way to an
    even layer that fades, in the smooth colours of ``found``: of large ones the line would be ragged."""
    if height is None:
        return splats
    face = splats.face.numpy()
    above = on_surface(rig, face, splats.barycentric.numpy())[:, 1] - (height + FADE)
    torso = np.isin(face, rig.regions["torso"])
    rows = np.flatnonzero(~torso | (above > 0))
    kept = splats.rows(torch.from_numpy(rows))
    size = np.maximum(triangle_frames(rig.template, rig.faces)[1], 1e-9)
    widest = np.where(torso, np.maximum(above / 2, GRAIN), np.inf)[rows] / size[face[rows]]
    limit = torch.from_numpy(np.log(widest).astype(np.float32))[:, None]
    kept.log_scale = torch.minimum(kept.log_scale, limit)
    layer = _layer(rig, found, height, splats.correctives.shape[0], seed)
    return concatenated([kept, layer])


def _layer(rig: Rig, found: Survey, height: float, correctives: int, seed: int) -> Splats:
    """Small flat Gaussians on the torso that are opaque ``FADE`` above ``height`` and end there."""
    corner = rig.template[rig.faces[rig.regions["torso"]]]
    area = float(triangle_areas(corner).sum())
    alone = replace(rig, faces=rig.faces[rig.regions["torso"]], regions={})
    splats = surface_splats(alone, rig.template, round(area / GRAIN**2), correctives, seed)
    splats.face = torch.from_numpy(np.asarray(rig.regions["torso"], np.int32)[splats.face.numpy()])
    point = on_surface(rig, splats.face.numpy(), splats.barycentric.numpy())
    share = (point[:, 1] - height) / FADE
    rows = np.flatnonzero((share > 0.02) & (share < 1 + GRAIN / FADE))
    splats, point, share = splats.rows(torch.from_numpy(rows)), point[rows], share[rows].clip(0, 1)
    share = share * share * (3 - 2 * share)
    sized(splats, rig, WIDE, WIDE / 8)
    # Together they let through what one of that share would.
    opacity = 1 - (1 - 0.98 * share) ** (GRAIN**2 / (2 * np.pi * WIDE**2))
    splats.logit = torch.logit(torch.from_numpy(opacity.astype(np.float32)).clamp(1e-4, 1 - 1e-4))
    colour = found.colour[found.samples.nearest(point, NEAR)].mean(1)
    splats.colour = torch.from_numpy(colour.clip(0, 1).astype(np.float32))
    return splats

"""Skin below the lids, for eyes that close: of a lid that was filmed open a narrow fold was seen, with its lashes.

Stretched over the eye, what was learnt of the fold is a smudge with the iris shining through. An opaque layer a little
below the surface of the lid, as dense as a closed one needs and in the colour of the skin around the eye, lies hidden
in the fold while the eye is open.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Floats
from splatavatar.bake.completion.samples import facial
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

BLINK = ("eyeBlinkLeft", "eyeBlinkRight")
SPACING = 0.0009
"""metres between Gaussians of a closed lid"""
DEPTH = 0.0003
"""metres below its surface"""
WIDTH, THICKNESS = 0.8, 0.15
"""standard deviations along the lid and across it, of the spacing"""
OPACITY = 0.97
CERTAIN = 0.5
"""trust of the skin that lends its colour"""
AROUND = 80
"""samples of skin nearest to a place of the lid"""
USUAL = 0.3, 0.8
"""quantiles of their brightness between which they have its colour: brows and lashes are darker, what shines lighter"""
SHADE = 0.94
"""brightness of a lid, which looks down, over that of the skin around"""


def lid_splats(rig: Rig, found: Survey, correctives: int, seed: int) -> Splats:
    """The layer below all lids of ``rig``, whose skin ``found`` has seen; on the CPU.

    Empty where the rig has no lids or nothing certain is known of its skin.
    """
    faces = rig.regions.get("eyelids", np.zeros(0, np.int32))
    skin = np.flatnonzero(facial(rig, found.samples) & (found.seen.trust > CERTAIN))
    closed = _closed(rig)
    corner = closed[rig.faces[faces]].astype(np.float64)
    area = triangle_areas(corner)
    count = round(float(area.sum()) / SPACING**2) if len(skin) >= AROUND else 0
    rng = np.random.default_rng([seed, 17])
    steps = (np.arange(count) + rng.random()) / max(count, 1)
    chosen = np.searchsorted(np.cumsum(area) / max(area.sum(), 1e-12), steps).clip(0, max(len(area) - 1, 0))
    barycentric = rng.dirichlet([1.0, 1.0, 1.0], count)
    face = faces[chosen].astype(np.int32)
    size = np.maximum(triangle_frames(closed, rig.faces)[1][face], 1e-6)[:, None].astype(np.float64)
    scale = SPACING * np.array([WIDTH, THICKNESS, WIDTH]) / size
    point = np.einsum("nc,nci->ni", barycentric, corner[chosen])
    colour = _skin_near(point, found.samples.point[skin], found.seen.colour[skin]) if count else np.zeros((0, 3))
    return Splats(
        face=torch.from_numpy(face),
        barycentric=torch.from_numpy(barycentric.astype(np.float32)),
        position=torch.from_numpy((np.array([0.0, -DEPTH, 0.0]) / size).astype(np.float32)),
        rotation=torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(count, 1),
        log_scale=torch.from_numpy(np.log(scale).astype(np.float32)),
        logit=torch.full((count,), float(np.log(OPACITY / (1 - OPACITY)))),
        colour=torch.from_numpy(colour.astype(np.float32)),
        sh=torch.zeros(count, 3, 3),
        correctives=torch.zeros(correctives, count, 6),
    )


def _closed(rig: Rig) -> Floats:
    """The vertices (V, 3) of ``rig`` with both eyes closed."""
    arkit, pose = np.zeros(len(NAMES), np.float32), PoseParameters.neutral(rig)
    arkit[[INDEX[name] for name in BLINK]] = 1.0
    show_arkit(rig, arkit, pose)
    return pose_numpy(rig, pose)


def _skin_near(point: Doubles, skin: Doubles, colour: Doubles) -> Doubles:
    """The colour (N, 3) at ``point`` (N, 3) of the ``skin`` (S, 3) around, which has ``colour`` (S, 3)."""
    _, near = KDTree(skin).query(point, AROUND)
    found = colour[near]
    brightness = found.sum(2)
    low, high = np.quantile(brightness, USUAL, axis=1)[..., None]
    usual = (brightness >= low) & (brightness <= high)
    return np.asarray(SHADE * (found * usual[..., None]).sum(1) / usual.sum(1)[:, None])

"""Skin below the lids, for eyes that close: of a lid that was filmed open a narrow fold was seen, with its lashes.

Stretched over the eye, what was learnt of the fold is a smudge with the iris shining through. An opaque layer a little
below the surface of the lid, as dense as a closed one needs and in the colour of the skin around the eye, lies hidden
in the fold while the eye is open.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from scipy.spatial import KDTree

from splatavatar.array_types import Doubles, Floats, Longs
from splatavatar.bake.completion.samples import facial, on_surface
from splatavatar.bake.completion.survey import Survey
from splatavatar.bake.engines.splats import Splats
from splatavatar.gaussians.binding import to_world, triangle_areas, triangle_frames
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.landmarks import positions
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
RIMS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7, 33),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249, 263),
)
"""MediaPipe's points along the edges of the lids, which bear the lashes"""
LASHES = 0.003
"""metres from these edges, of a closed eye, up to which a lid is as dark as was learnt"""
HIDDEN = 0.5
"""trust of a place of a lid below which it lay in the fold"""
NEARLY = 0.05
"""by which what lay there may differ from the layer below"""


def lid_splats(rig: Rig, found: Survey, correctives: int, seed: int) -> Splats:
    """The layer below all lids of ``rig``, whose skin ``found`` has seen; on the CPU.

    Empty where the rig has no lids or nothing certain is known of its skin.
    """
    faces = rig.regions.get("eyelids", np.zeros(0, np.int32))
    skin = _certain(rig, found)
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
    colour = _skin_near(point, found, skin) if count else np.zeros((0, 3))
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


def unfolded(splats: Splats, rig: Rig, found: Survey) -> Splats:
    """The ``splats``, on the CPU, in which what lies in the folds of open lids nearly has the colour of the layer.

    There no picture, or that of a quick blink alone, said what colour it has.
    """
    faces = rig.regions.get("eyelids", np.zeros(0, np.int32))
    landmarks = rig.landmarks.get("mediapipe")
    skin = _certain(rig, found)
    rows = np.flatnonzero(np.isin(splats.face.numpy(), faces))
    if landmarks is None or len(skin) < AROUND or not len(rows):
        return splats
    lids = splats.rows(torch.from_numpy(rows))
    closed = _closed(rig)
    place = to_world(lids.bound(), closed, rig.faces).mean
    edges = positions(landmarks, closed, rig.faces)[np.array(RIMS)]
    along = np.linspace(0, 1, 8)[:, None]
    rim = np.concatenate([a + along * (b - a) for edge in edges for a, b in pairwise(edge)])
    near = found.samples.nearest(on_surface(rig, lids.face.numpy(), lids.barycentric.numpy()), 1)[:, 0]
    hidden = (KDTree(rim).query(place)[0] > LASHES) & (found.seen.trust[near] < HIDDEN)
    layer = _skin_near(place[hidden], found, skin)
    colour = splats.colour.clone()
    before = colour[rows[hidden]].numpy()
    colour[rows[hidden]] = torch.from_numpy(before.clip(layer - NEARLY, layer + NEARLY).astype(np.float32))
    return replace(splats, colour=colour)


def _closed(rig: Rig) -> Floats:
    """The vertices (V, 3) of ``rig`` with both eyes closed."""
    arkit, pose = np.zeros(len(NAMES), np.float32), PoseParameters.neutral(rig)
    arkit[[INDEX[name] for name in BLINK]] = 1.0
    show_arkit(rig, arkit, pose)
    return pose_numpy(rig, pose)


def _certain(rig: Rig, found: Survey) -> Longs:
    """The samples (M) of the face that may lend lids their colour."""
    return np.flatnonzero(facial(rig, found.samples) & (found.seen.trust > CERTAIN))


def _skin_near(point: Doubles, found: Survey, skin: Longs) -> Doubles:
    """The colour (N, 3) at ``point`` (N, 3) of those of the samples ``skin`` (M) that are around."""
    _, near = KDTree(found.samples.point[skin]).query(point, AROUND)
    colour = found.seen.colour[skin][near]
    brightness = colour.sum(2)
    low, high = np.quantile(brightness, USUAL, axis=1)[..., None]
    usual = (brightness >= low) & (brightness <= high)
    return np.asarray(SHADE * (colour * usual[..., None]).sum(1) / usual.sum(1)[:, None])

"""Whether the rig parameters that a capture brings put the head where its pictures show the face."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Longs
from splatavatar.capture.calibration.sightings import STEADY, Sightings
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.rig_pose import posed_vertices
from splatavatar.rig.rig import Rig

BETTER = 0.8
"""of the error, that another timestep must come down to"""


def parameters_miss(sightings: Sightings, rig: Rig, parameters: RigParameters) -> tuple[float, int]:
    """The pixels between landmarks of the posed ``rig``, a ``fitted_rig``, and those of the face, in the median; and by
    how many timesteps (-1, 0 or 1) parameters that fit clearly better lie away."""
    count = len(parameters.expression)
    errors = {step: _miss(sightings, rig, parameters, sightings.timestep + step, count) for step in (0, -1, 1)}
    best = min(errors, key=lambda step: errors[step])
    return errors[0], best if errors[best] < BETTER * errors[0] else 0


def _miss(sightings: Sightings, rig: Rig, parameters: RigParameters, timestep: Longs, count: int) -> float:
    surface, points = rig.landmarks["mediapipe"], {}
    face, weights = rig.faces[surface.face[list(STEADY)]], surface.barycentric[list(STEADY)]
    rows = np.flatnonzero((timestep >= 0) & (timestep < count))
    if not len(rows):
        return np.inf
    for step in np.unique(timestep[rows]).tolist():
        points[step] = np.einsum("lkj,lk->lj", posed_vertices(rig, parameters, step)[face], weights)
    world = np.stack([points[step] for step in timestep[rows].tolist()])
    camera = sightings.camera[rows]
    cameras, T = sightings.cameras, sightings.cameras.T_camera_world[camera]
    at = np.einsum("nij,nlj->nli", T[:, :3, :3], world) + T[:, None, :3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = at[..., :2] / at[..., 2:] * cameras.focal[camera][:, None] + cameras.centre[camera][:, None]
    away = np.linalg.norm(pixels - cameras.pinhole(camera, sightings.pixels[rows][:, list(STEADY)]), axis=-1)
    return float(np.median(np.where((at[..., 2] > 0) & np.isfinite(away), away, np.inf)))

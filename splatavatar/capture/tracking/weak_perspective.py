"""Where heads are when the camera is taken to see no perspective, and what that says of the unit of the cameras."""

from __future__ import annotations

import numpy as np

from splatavatar.capture.tracking.observations import Floats, Lenses, Observations

KNOWN = 1.25
"""times as large or as small as the mean head may a head be in cameras whose unit is the metre: grown-ups differ by a
tenth, and the estimate is right within 3 %"""


def place_in_camera(points: Floats, rotation: Floats, pixels: Floats, focal: float, centre: Floats) -> Floats:
    """(3) where the origin of ``points`` (L, 3) is in the camera (right, down, forward), in their unit.

    ``rotation`` (3, 3) turns them to (right, up, back) of the camera, which sees them at ``pixels`` (L, 2).
    """
    flat = (points @ rotation.T)[:, :2] * [1, -1]
    centred, moved = flat - flat.mean(0), pixels - pixels.mean(0)
    scale = (centred * moved).sum() / (centred**2).sum()
    at = (pixels.mean(0) - centre) / scale - flat.mean(0)
    return np.array([*at, focal / scale])


def metres_per_unit(points: Floats, observations: Observations, lenses: Lenses) -> float:
    """By how much the places of the cameras must grow for ``points`` (T, L, 3), the mean head in metres, to fit.

    1 where they fit as they are, and where no timestep has several cameras. All cameras of a timestep see the same
    head: with R and t of each T_camera_rig and its own idea p of the place, R^T (p - k t) is the same, which is linear
    in k.
    """
    place, camera = [], []
    for n, (t, c) in enumerate(zip(observations.timestep, observations.camera, strict=True)):
        T = lenses.T_camera_rig[c]
        at = place_in_camera(
            points[t], observations.rotation[n], observations.pixels[n], lenses.focal[c], lenses.centre[c]
        )
        place.append(T[:3, :3].T @ at)
        camera.append(T[:3, :3].T @ T[:3, 3])
    places, cameras = (_about_mean(np.array(rows), observations) for rows in (place, camera))
    spread = float((cameras**2).sum())
    if not spread > 0:
        return 1.0
    k = float((places * cameras).sum()) / spread
    return k if k > KNOWN or 0 < k < 1 / KNOWN else 1.0


def _about_mean(rows: Floats, observations: Observations) -> Floats:
    """(N, 3) less the mean over their timestep."""
    total = np.zeros((observations.timesteps, 3))
    np.add.at(total, observations.timestep, rows)
    mean = total / np.bincount(observations.timestep, minlength=observations.timesteps)[:, None]
    return np.asarray(rows - mean[observations.timestep])

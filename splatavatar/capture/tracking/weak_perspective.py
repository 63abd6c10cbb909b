"""Where heads are when the camera is taken to see no perspective, and what that says of the unit of the cameras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.rotations import nearest_rotations

KNOWN = 1.25
"""times as large or as small as the mean head may a head be in cameras whose unit is the metre: grown-ups differ by a
tenth, and the estimate is right within 3 %"""


def place_in_camera(points: Doubles, rotation: Doubles, pixels: Doubles, focal: float, centre: Doubles) -> Doubles:
    """The place (3) where the origin of ``points`` (L, 3) is in the camera (right, down, forward), in their unit.

    ``rotation`` (3, 3) turns them to (right, up, back) of the camera, which sees them at ``pixels`` (L, 2).
    """
    flat = (points @ rotation.T)[:, :2] * [1, -1]
    centred, moved = flat - flat.mean(0), pixels - pixels.mean(0)
    scale = (centred * moved).sum() / (centred**2).sum()
    at = (pixels.mean(0) - centre) / scale - flat.mean(0)
    return np.array([*at, focal / scale])


def metres_per_unit(points: Doubles, observations: Observations, lenses: Lenses) -> float:
    """The factor by which the places of the cameras must grow for ``points`` (T, L, 3), the mean head, metres, to fit.

    1 where they fit as they are, and where no timestep has several cameras.
    """
    k = growth(points, observations, lenses)
    return k if k > KNOWN or 0 < k < 1 / KNOWN else 1.0


def growth(points: Doubles, observations: Observations, lenses: Lenses) -> float:
    """The same, of whatever size.

    All cameras of a timestep see the same head: with R and t of each T_camera_rig and its own idea p of the place,
    R^T (p - k t) is the same, which is linear in k.
    """
    T, at = lenses.T_camera_rig[observations.camera], places_in_cameras(points, observations, lenses)
    place, camera = (
        _about_mean(np.einsum("nji,nj->ni", T[:, :3, :3], rows), observations) for rows in (at, T[:, :3, 3])
    )
    spread = float((camera**2).sum())
    return float((place * camera).sum()) / spread if spread > 0 else 1.0


def side_by_side(points: Doubles, observations: Observations, lenses: Lenses) -> Lenses:
    """The ``lenses`` whose cameras stand, seen from the first, so that they see ``points`` (T, L, 3) at the same place.

    A camera that shares no timestep with those placed before it stays where it is.
    """
    T_camera_rig = lenses.T_camera_rig.copy()
    turn = np.diag([1.0, -1.0, -1.0]) @ observations.rotation
    at = places_in_cameras(points, observations, lenses)
    seen = {
        (int(c), int(t)): n for n, (t, c) in enumerate(zip(observations.timestep, observations.camera, strict=True))
    }
    placed, waiting = [0], list(range(1, len(T_camera_rig)))
    while waiting:
        pairs = {c: [(n, seen[c, t]) for (b, t), n in seen.items() if b in placed and (c, t) in seen] for c in waiting}
        camera = max(waiting, key=lambda c: len(pairs[c]))
        if not pairs[camera]:
            break
        known, new = np.array(pairs[camera]).T
        T = T_camera_rig[observations.camera[known]]
        # A detector sees a turned head less well.
        trust = np.clip(observations.rotation[known, 2, 2] * observations.rotation[new, 2, 2], 0.05, 1.0)
        mean = np.einsum("n,nij,nkj,nkl->il", trust, turn[new], turn[known], T[:, :3, :3], optimize=True)
        R = nearest_rotations(mean)
        world = np.einsum("nji,nj->ni", T[:, :3, :3], at[known] - T[:, :3, 3])
        T_camera_rig[camera, :3, :3], T_camera_rig[camera, :3, 3] = R, np.median(at[new] - world @ R.T, 0)
        placed.append(camera)
        waiting.remove(camera)
    return replace(lenses, T_camera_rig=T_camera_rig)


def places_in_cameras(points: Doubles, observations: Observations, lenses: Lenses) -> Doubles:
    """The ``place_in_camera`` (N, 3) of every observation of ``points`` (T, L, 3)."""
    rows = [
        place_in_camera(points[t], rotation, pixels, lenses.focal[c], lenses.centre[c])
        for t, c, rotation, pixels in zip(
            observations.timestep, observations.camera, observations.rotation, observations.pixels, strict=True
        )
    ]
    return np.array(rows)


def _about_mean(rows: Doubles, observations: Observations) -> Doubles:
    """(N, 3) less the mean over their timestep."""
    total = np.zeros((observations.timesteps, 3))
    np.add.at(total, observations.timestep, rows)
    mean = total / np.bincount(observations.timestep, minlength=observations.timesteps)[:, None]
    return np.asarray(rows - mean[observations.timestep])

"""The world of known cameras, laid so that the head stands in it as the rig does at rest.

Structure from motion leaves a world turned, moved and scaled in any way. A head that is turned in it by much would have
that turn shared out over its neck.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.tracking.landmark_model import LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.solve import Motion, carried
from splatavatar.capture.tracking.weak_perspective import metres_per_unit, places_in_cameras
from splatavatar.rig.rig import Rig
from splatavatar.rotations import axis_angles, nearest_rotations, rotation_matrices

ROUNDS = 50
CLOSE = 0.02
"""radians within which all turns count alike; farther ones count less, so that a few do not draw the mean"""
FACING_CAMERA = np.diag([1.0, -1.0, -1.0])


def first_placement(points: Doubles, pivot: Doubles, seen: Observations, lenses: Lenses, timesteps: Longs) -> Doubles:
    """The way (4, 4) from the world of ``lenses`` to the rig frame: a factor, a turn and a shift.

    It is what the detector and weak perspective say of the head in ``timesteps``.

    ``points`` (T, L, 3) metres about ``pivot`` (3) are those of the mean head.
    """
    factor = metres_per_unit(points, seen, lenses)
    rows = np.isin(seen.timestep, timesteps)
    T = lenses.T_camera_rig[seen.camera]
    turns = np.einsum("nji,jk,nkl->nil", T[:, :3, :3], FACING_CAMERA, seen.rotation)
    at = places_in_cameras(points, seen, lenses)
    places = np.einsum("nji,nj->ni", T[:, :3, :3], at - factor * T[:, :3, 3])
    # A detector sees a turned head less well, and farther off.
    trust = np.clip(seen.rotation[:, 2, 2], 0.05, 1.0)
    return _to_rest(factor, mean_rotation(turns[rows], trust[rows]), np.median(places[rows], 0), pivot)


def settled_placement(rig: Rig, motion: Motion, timesteps: Longs) -> Doubles:
    """The similarity (4, 4) that takes the mean head of ``motion`` in ``timesteps`` to where ``rig`` has it at rest."""
    pivot = LandmarkModel.of(rig, None).pivot
    turn = mean_rotation(rotation_matrices(motion.head_rotation[timesteps]))
    places = motion.translation + pivot + carried(rig, motion.head_rotation, pivot)
    return _to_rest(1.0, turn, np.median(places[timesteps], 0), pivot)


def mean_rotation(rotations: Doubles, trust: Doubles | None = None) -> Doubles:
    """The rotation (3, 3) in the middle of ``rotations`` (N, 3, 3), those far from the others counting little."""
    trust = np.ones(len(rotations)) if trust is None else trust
    weight = trust
    mean = np.eye(3)
    for _ in range(ROUNDS):
        before = mean
        mean = nearest_rotations(np.einsum("n,nij->ij", weight, rotations))
        away = np.linalg.norm(axis_angles(mean.T @ rotations), axis=1)
        weight = trust / np.maximum(away, CLOSE)
        if np.abs(mean - before).max() < 1e-9:
            break
    return np.asarray(mean)


def _to_rest(factor: float, turn: Doubles, place: Doubles, pivot: Doubles) -> Doubles:
    T = np.eye(4)
    T[:3, :3] = factor * turn.T
    T[:3, 3] = pivot - turn.T @ place
    return T

"""Whether known cameras agree on where the face is that they all see; and if not, what they may have been meant to be.

Landmarks that several cameras saw at one timestep are triangulated. With cameras as they are meant the rays meet within
a few hundredths of the eye span.
"""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.rotations import axis_angles, nearest_rotations

STEADY = (33, 133, 362, 263, 1, 4, 6, 168, 98, 327, 61, 291, 0, 17, 199, 9, 151, 50, 280, 205, 425)
"""landmarks that a detector puts on the same place of a face from most sides"""
TIMESTEPS = 12
SQUARE = 0.3
"""cosine between the view and the nose, from which a detection counts"""
MISSED = 0.2
"""eye spans between a landmark and where its rays meet, in the median; good cameras have 0.02 to 0.04"""
DOUBTFUL, TWISTED = 0.05, 0.35
"""eye spans, and radians between what two cameras make of the turn of the head, from which another meaning of the
cameras is looked for; good ones have 0.1 radians. From afar a mirrored world is but a face turned inside out, whose
rays meet: its turns tell it"""
BETTER = 0.5
"""of the sum of both, that another meaning must come down to"""

FACING_CAMERA = np.diag([1.0, -1.0, -1.0])
MIRRORED = np.diag([-1.0, 1.0, 1.0, 1.0])
_MIRRORED = (
    "the world of the cameras is mirrored (left-handed) against the pictures; export it right-handed, or negate one"
    " axis of the world in every camera"
)
_AXES = (
    "the axes of the cameras seem to be OpenCV's (y down, z forward), expected OpenGL's (y up, z back); negate the"
    " second and third column of every transform_matrix"
)
_INVERSE = "transform_matrix seems to go from the world to the camera, expected from the camera to the world; invert it"
_INVERSE_AXES = (
    "transform_matrix seems to go from the world to a camera with OpenCV's axes, expected from a camera with OpenGL's"
    " axes to the world; invert it, then negate its second and third column"
)


def disagreement(observations: Observations, lenses: Lenses) -> str | None:
    """What is wrong with ``lenses``, in a sentence; None where they agree, or where no timestep has several of them."""
    found, twist = missed(observations, lenses.T_camera_rig, lenses), twisted(observations, lenses.T_camera_rig)
    if found is None or (found <= DOUBTFUL and twist <= TWISTED):
        return None
    world = np.linalg.inv(T_rig_world)
    matrices = world @ np.linalg.inv(lenses.T_camera_rig) @ T_opengl_opencv
    inverse = np.linalg.inv(matrices)
    meant = {
        _AXES: matrices @ T_opengl_opencv,
        _INVERSE: inverse,
        _INVERSE_AXES: inverse @ T_opengl_opencv,
        _MIRRORED: MIRRORED @ matrices @ MIRRORED,
        f"{_MIRRORED}; moreover {_AXES}": MIRRORED @ matrices @ T_opengl_opencv @ MIRRORED,
    }

    def tried(matrices: Doubles) -> float:
        T_camera_rig = np.linalg.inv((T_rig_world @ matrices @ T_opengl_opencv).astype(np.float64))
        again = missed(observations, T_camera_rig, lenses)
        return np.inf if again is None or again > MISSED else again + twisted(observations, T_camera_rig)

    others = {sentence: tried(each) for sentence, each in meant.items()}
    best = min(others, key=lambda sentence: others[sentence])
    if others[best] < BETTER * (found + twist):
        return best
    if found <= MISSED and twist <= 2 * TWISTED:
        return None
    return (
        f"the cameras do not agree on where the face is: they miss it by {min(found, 99.0):.1f} of the distance between"
        f" the eyes, and its turn by {np.degrees(twist):.0f} degrees; check transform_matrix, focal lengths and"
        " principal points, and that pictures and cameras belong together"
    )


def twisted(observations: Observations, T_camera_rig: Doubles) -> float:
    """The median angle, in radians, between what the cameras of a timestep make of the turn of the head and their mean.

    The detector tells the turn against the camera. 0 where no timestep has several cameras.
    """
    T = T_camera_rig[observations.camera]
    turns = np.einsum("nji,jk,nkl->nil", T[:, :3, :3], FACING_CAMERA, observations.rotation)
    angles: list[Doubles] = []
    for rows in _several(observations):
        mean = nearest_rotations(turns[rows].sum(0))
        angles.append(np.linalg.norm(axis_angles(mean.T @ turns[rows]), axis=1))
    return float(np.median(np.concatenate(angles))) if angles else 0.0


def missed(observations: Observations, T_camera_rig: Doubles, lenses: Lenses) -> float | None:
    """The median distance, in eye spans, between landmarks and where the rays of all cameras of a timestep meet.

    A landmark behind a camera is infinitely far off. None where no timestep has several cameras.
    """
    span = observations.span
    errors: list[Doubles] = []
    for rows in _several(observations):
        camera = observations.camera[rows]
        T = T_camera_rig[camera]
        # A world far from its origin, or in a large unit, is brought near first: the equations are homogeneous.
        places = -np.einsum("nji,nj->ni", T[:, :3, :3], T[:, :3, 3])
        centre, size = places.mean(0), max(float(np.ptp(places, 0).max()), 1e-12)
        shift = -np.einsum("nij,nj->ni", T[:, :3, :3], places - centre) / size
        P = np.concatenate([T[:, :3, :3], shift[..., None]], 2)
        at = (observations.pixels[rows][:, list(STEADY)] - lenses.centre[camera][:, None]) / lenses.focal[camera][
            :, None, None
        ]
        equations = at[..., None] * P[:, None, None, 2] - P[:, None, :2]  # (n, L, 2, 4)
        stacked = equations.transpose(1, 0, 2, 3).reshape(len(STEADY), -1, 4)
        point = np.linalg.svd(stacked)[2][:, -1]
        local = np.einsum("nij,lj->nli", P, point)
        depth = local[..., 2] * np.sign(point[:, 3])
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.linalg.norm(local[..., :2] / local[..., 2:] - at, axis=-1)
        away = np.where((depth > 0) & np.isfinite(away), away, np.inf)
        errors.append((away * lenses.focal[camera][:, None] / span[rows, None]).ravel())
    return float(np.median(np.concatenate(errors))) if errors else None


def _several(observations: Observations) -> list[Longs]:
    """The observations of some of the timesteps that several cameras saw squarely."""
    square = observations.rotation[:, 2, 2] > SQUARE
    several = [
        rows
        for t in range(observations.timesteps)
        if len(rows := np.flatnonzero((observations.timestep == t) & square)) > 1
    ]
    return several[:: max(1, len(several) // TIMESTEPS)]

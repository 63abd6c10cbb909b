"""Whether known cameras agree on where the face is that they all see.

Landmarks that several cameras saw at one timestep are triangulated. With cameras as they are meant the rays meet within
a few hundredths of the eye span. Where a camera goes round a head that keeps still, all timesteps are one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.calibration.known_cameras import KnownCameras
from splatavatar.capture.calibration.sightings import FACING_CAMERA, STEADY, Sightings
from splatavatar.rotations import axis_angles, nearest_rotations

TIMESTEPS = 12
"""that are looked at"""
MOST = 96
"""pictures of one of them"""
SQUARE = 0.3
"""cosine between the view and the nose, from which a detection counts"""
APART = 0.05
"""radians between the views of two cameras, below which they see no depth"""
ROUNDS = 4
"""of weighing rays by how far they miss"""
WIDEST = 100.0
"""tangent of rays that can be of a picture"""
FAR = 1e-3
"""weight of a ray that looks the other way"""
TYPICAL = 0.03
"""eye spans by which good rays miss; those that miss by more count less"""


@dataclass(frozen=True)
class Meeting:
    """Where the rays of some pictures meet."""

    rows: Longs
    """(n) of the sightings"""
    points: Doubles
    """(L', 3) of the landmarks ``STEADY``, world"""
    away: Doubles
    """(n, L', 2) pixels right and down from where they were seen to where the points are; infinite behind a camera"""
    turn: Doubles
    """(3, 3) of the head, from rig axes to the world, as the detector has it seen from all of them"""

    @property
    def distance(self) -> Doubles:
        """(n, L') pixels."""
        return np.asarray(np.linalg.norm(self.away, axis=-1))


@dataclass(frozen=True)
class Agreement:
    """What some cameras make of the same faces."""

    meetings: tuple[Meeting, ...]
    missed: float
    """eye spans between a landmark and where its rays meet, median"""
    twisted: float
    """radians between what a camera makes of the turn of the head, by the detector, and what all of them do, median"""


def groups_of(sightings: Sightings) -> list[Longs]:
    """The rows of the sightings, of some timesteps, that several cameras saw squarely.

    None where nothing can be told.
    """
    square = sightings.rotation[:, 2, 2] > SQUARE
    several = [
        rows
        for timestep in np.unique(sightings.timestep)
        if len(np.unique(sightings.camera[rows := np.flatnonzero((sightings.timestep == timestep) & square)])) > 1
    ]
    if several:
        return [_some(rows) for rows in several[:: max(1, len(several) // TIMESTEPS)]]
    rows = _some(np.flatnonzero(square))
    return [rows] if len(rows) > 1 and apart(sightings, rows) > APART else []


def keeps_still(sightings: Sightings) -> bool:
    """Whether no timestep was seen by several cameras."""
    return len(np.unique(sightings.timestep)) == len(sightings.timestep)


def apart(sightings: Sightings, rows: Longs) -> float:
    """The radians that the axes of the widest two of the cameras of ``rows`` lie apart."""
    axes = sightings.cameras.T_camera_world[sightings.camera[rows]][:, 2, :3]
    return float(np.arccos(np.clip(axes @ axes.T, -1, 1)).max(initial=0.0))


def agreement(
    sightings: Sightings, cameras: KnownCameras | None = None, groups: list[Longs] | None = None
) -> Agreement | None:
    """How far the ``cameras``, those of the ``sightings`` themselves if None, agree in the ``groups``.

    None where there are no groups.
    """
    cameras = sightings.cameras if cameras is None else cameras
    groups = groups_of(sightings) if groups is None else groups
    if not groups:
        return None
    meetings, angles = [], []
    for rows in groups:
        camera = sightings.camera[rows]
        T = cameras.T_camera_world[camera]
        tangents = cameras.tangents(camera, sightings.pixels[rows][:, list(STEADY)])
        spans = sightings.span[rows] / cameras.focal[camera].mean(1)
        points, away = meet(tangents, T, spans)
        turns = np.einsum("nji,jk,nkl->nil", T[:, :3, :3], FACING_CAMERA, sightings.rotation[rows])
        mean = nearest_rotations(turns.sum(0))
        meetings.append(Meeting(rows, points, away * cameras.focal[camera][:, None], mean))
        angles.append(np.linalg.norm(axis_angles(mean.T @ turns), axis=1))
    missed = [(meeting.distance / sightings.span[meeting.rows, None]).ravel() for meeting in meetings]
    return Agreement(
        tuple(meetings), float(np.median(np.concatenate(missed))), float(np.median(np.concatenate(angles)))
    )


def meet(tangents: Doubles, T_camera_world: Doubles, spans: Doubles) -> tuple[Doubles, Doubles]:
    """The points (L, 3) nearest to the rays ``tangents`` (n, L, 2) of n cameras ``T_camera_world`` (n, 4, 4), and the
    tangents (n, L, 2) by which they miss them; infinite for a point behind a camera.

    By linear triangulation (Hartley and Zisserman, Multiple View Geometry, 12.2), its rays weighed by depth and by how
    far they miss, against eyes that lie ``spans`` (n) tangents apart.
    """
    # A world far from its origin, or in a large unit, is brought near first: the equations are homogeneous.
    valid = np.asarray((np.isfinite(tangents) & (np.abs(tangents) < WIDEST)).all(-1))
    tangents = np.where(valid[..., None], tangents, 0.0)
    R = T_camera_world[:, :3, :3]
    places = -np.einsum("nji,nj->ni", R, T_camera_world[:, :3, 3])
    centre, size = places.mean(0), max(float(np.ptp(places, 0).max()), 1e-12)
    P = np.concatenate([R, -np.einsum("nij,nj->ni", R, places - centre)[..., None] / size], 2)
    equations = tangents[..., None] * P[:, None, None, 2] - P[:, None, :2]  # (n, L, 2, 4)
    weight = valid.astype(np.float64)
    point: Doubles = np.zeros((tangents.shape[1], 4))
    away: Doubles = np.zeros_like(tangents)
    for _ in range(ROUNDS):
        weighed = (equations * weight[..., None, None]).transpose(1, 0, 2, 3).reshape(tangents.shape[1], -1, 4)
        point = np.linalg.svd(weighed, full_matrices=False)[2][:, -1]
        local = np.einsum("nij,lj->nli", P, point)
        depth: Doubles = local[..., 2] * np.sign(point[:, 3])
        with np.errstate(divide="ignore", invalid="ignore"):
            away = local[..., :2] / local[..., 2:] - tangents
        ahead = np.asarray(valid & (depth > 0))
        away = np.where(ahead[..., None] & np.isfinite(away), away, np.inf)
        relative = np.linalg.norm(away, axis=-1) / (TYPICAL * spans[:, None])
        near = np.maximum(np.abs(depth), 1e-9 * np.abs(depth).max() + 1e-300)
        weight = np.where(np.isfinite(relative), near.mean(0) / near / np.maximum(relative, 1), FAR) * valid
    with np.errstate(divide="ignore", invalid="ignore"):
        points = point[:, :3] / point[:, 3:] * size + centre
    return np.asarray(points), np.asarray(away)


def shifted(sightings: Sightings, step: int, cameras: Longs | None = None) -> Sightings:
    """The ``sightings`` as those of the timestep ``step`` (1 or -1) from where they are: of some camera indices, or,
    where None are given, with the cameras that move taken from there."""
    if cameras is None:
        camera = sightings.poses[step]
        kept = np.flatnonzero(camera >= 0)
        return _kept(replace(sightings, camera=np.where(camera >= 0, camera, 0)), kept)
    of = np.isin([frame.camera_index for frame in sightings.frames], cameras)
    steps = np.unique(sightings.timestep)
    place = np.searchsorted(steps, sightings.timestep) + np.where(of, step, 0)
    kept = np.flatnonzero((place >= 0) & (place < len(steps)))
    return _kept(replace(sightings, timestep=steps[place.clip(0, len(steps) - 1)]), kept)


def _kept(sightings: Sightings, rows: Longs) -> Sightings:
    return Sightings(
        frames=tuple(sightings.frames[row] for row in rows),
        timestep=sightings.timestep[rows],
        camera=sightings.camera[rows],
        pixels=sightings.pixels[rows],
        rotation=sightings.rotation[rows],
        span=sightings.span[rows],
        cameras=sightings.cameras,
        poses={step: numbers[rows] for step, numbers in sightings.poses.items()},
    )


def _some(rows: Longs) -> Longs:
    return rows[np.unique(np.linspace(0, len(rows) - 1, MOST).astype(int))] if len(rows) > MOST else rows

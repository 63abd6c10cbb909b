"""Landmarks as points of the surface, and how they are measured.

A landmark detector is run on pictures of a subject whose cameras and rig parameters are known. Each detected pixel is
cast onto the posed surface and carried to the neutral by its barycentric coordinates; the median over the pictures
that show its side of the head, put back on the surface, is the landmark. The result for Anny is part of the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Ints
from splatavatar.arrays import Layout, read_npz_or_none
from splatavatar.errors import RigError
from splatavatar.printable import printable
from splatavatar.rig.rig import Rig, SurfacePoints

DATA = Path(__file__).parent / "data" / "anny_landmarks.npz"

MEDIAPIPE = 478
"""landmarks of MediaPipe's face model"""

FACING = 0.4
"""cosine between view ray and surface below which an observation is too oblique to count"""

OWN_SIDE = np.radians(40.0)
"""How far round the head a camera may stand from a landmark. Detectors put what is hidden on the visible edge."""

DENSE = 0.3
"""Share of the observations that the densest cluster of them has; where the search for the landmark's side starts."""

ROUNDS = 4
"""of choosing the pictures by the landmark and the landmark by the pictures; it settles within three"""

NEARBY = 24
"""triangles, nearest by centroid, among which the closest point of the surface is looked for"""

# MediaPipe's number of each of the 68 points of iBUG 300-W. All but the outline of the jaw are the same anatomical
# points; the outline (first row) is on MediaPipe's face oval, from the right temple over the chin to the left temple.
IBUG68 = (
    *(127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356),
    *(70, 63, 105, 66, 107),  # right brow
    *(336, 296, 334, 293, 300),  # left brow
    *(168, 197, 5, 4),  # bridge of the nose
    *(98, 97, 2, 326, 327),  # nostrils
    *(33, 160, 158, 133, 153, 144),  # right eye
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),  # outer lips
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner lips
)


@dataclass(frozen=True)
class View:
    """Landmarks detected in a picture of a known surface."""

    vertices: Floats
    """(V, 3) posed, metres, world"""
    T_camera_world: NDArray[np.float64]
    """(4, 4) OpenCV axes; the surface is in front of the camera"""
    K: NDArray[np.float64]
    """(3, 3) pixels"""
    pixels: NDArray[np.float64]
    """(L, 2)"""


def load(kind: str) -> dict[str, SurfacePoints]:
    """The landmarks ``mediapipe`` (478) and ``ibug68`` (68) of the rig ``kind``.

    Raises RigError where the package's own file is damaged.
    """
    face, barycentric = f"{kind}.face", f"{kind}.barycentric"
    layout: Layout = {face: ("i", (MEDIAPIPE,)), barycentric: ("f", (MEDIAPIPE, 3))}
    arrays = read_npz_or_none(DATA, layout)
    if arrays is None:
        raise RigError(f"{printable(DATA)}: damaged, expected landmarks of {kind}; install splatavatar again.")
    return with_ibug68(SurfacePoints(arrays[face], arrays[barycentric]))


def with_ibug68(mediapipe: SurfacePoints) -> dict[str, SurfacePoints]:
    """Both sets from MediaPipe's 478 points."""
    chosen = np.array(IBUG68)
    return {"mediapipe": mediapipe, "ibug68": SurfacePoints(mediapipe.face[chosen], mediapipe.barycentric[chosen])}


def positions(points: SurfacePoints, vertices: Floats, faces: Ints) -> Floats:
    """The places (L, 3) of the points on a mesh with these ``vertices`` (V, 3) and the rig's ``faces``."""
    return np.asarray(np.einsum("lk,lki->li", points.barycentric, vertices[faces[points.face]]), np.float32)


def cast(view: View, faces: Ints) -> tuple[Ints, Floats]:
    """The nearest point of ``faces`` (F, 3) seen through each pixel: face (L) and barycentric coordinates (L, 3).

    The face is -1 where a ray hits nothing or hits the surface too obliquely or from behind.
    """
    seen = view.vertices @ view.T_camera_world[:3, :3].T + view.T_camera_world[:3, 3]
    triangles = seen[faces]
    # A ray d hits a triangle where d = weights . corners with all weights positive; their sum is the inverse depth.
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    inverse = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], 1)
    volume = np.einsum("fi,fi->f", a, inverse[:, 0])
    inverse = inverse / np.where(np.abs(volume) < 1e-18, np.inf, volume)[:, None, None]
    rays = np.concatenate([view.pixels, np.ones((len(view.pixels), 1))], 1) @ np.linalg.inv(view.K).T
    weights = np.einsum("fki,li->lfk", inverse, rays)
    total = weights.sum(2)
    total[(weights < 0).any(2) | (total <= 0)] = 0.0
    face = total.argmax(1)
    rows = np.arange(len(rays))
    normal = np.cross(b - a, c - a)[face]
    facing = -np.einsum("li,li->l", normal, rays) / np.linalg.norm(normal, axis=1) / np.linalg.norm(rays, axis=1)
    hit = (total[rows, face] > 0) & (facing > FACING)
    barycentric = weights[rows, face] / np.where(hit, total[rows, face], 1.0)[:, None]
    return np.where(hit, face, -1).astype(np.int32), barycentric.astype(np.float32)


def measure(rig: Rig, views: Iterable[View], allowed: Ints) -> tuple[SurfacePoints, Floats]:
    """The landmarks of ``rig`` from views of it.

    Only the faces ``allowed`` can carry landmarks. Returns the points and (L) how far single observations lie from
    them on the neutral template, median in metres.
    """
    observed, azimuths = [], []
    used = np.unique(rig.faces[allowed])
    axis = rig.joints[rig.joint_names.index("head")]
    for view in views:
        camera = np.asarray(np.linalg.inv(view.T_camera_world)[:3, 3], np.float64)
        azimuths.append(_azimuth(axis, _unposed(rig.template[used], view.vertices[used], camera)))
        face, barycentric = cast(view, rig.faces[allowed])
        neutral = np.einsum("lk,lki->li", barycentric, rig.template[rig.faces[allowed][face]])
        observed.append(np.where((face >= 0)[:, None], neutral, np.nan))
    stacked = np.stack(observed)
    middle = np.stack([_densest(stacked[:, landmark]) for landmark in range(stacked.shape[1])])
    for _ in range(ROUNDS):
        away = np.array(azimuths)[:, None] - _azimuth(axis, middle)
        own_side = np.abs(np.arctan2(np.sin(away), np.cos(away))) < OWN_SIDE
        chosen = np.where(own_side[..., None], stacked, np.nan)
        middle = np.nanmedian(chosen, 0)
    spread = np.nanmedian(np.linalg.norm(chosen - middle, axis=2), 0)
    return snap(middle, rig.template, rig.faces, allowed), spread.astype(np.float32)


def _azimuth(axis: Floats, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...) angle round the upright through ``axis`` (3) at which ``points`` (..., 3) are, zero in front."""
    return np.asarray(np.arctan2(points[..., 0] - axis[0], points[..., 2] - axis[2]))


def _unposed(rest: Floats, posed: Floats, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3) ``point`` (3) before the rigid motion that best takes ``rest`` (N, 3) to ``posed`` (N, 3), after Kabsch."""
    centre, target = rest.mean(0), posed.mean(0)
    left, _, right = np.linalg.svd((posed - target).T @ (rest - centre))
    return np.asarray((left @ right).T @ (point - target) + centre)


def _densest(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3) the one of ``points`` (N, 3; NaN where there is none) that has the share DENSE of them nearest around it."""
    seen = points[np.isfinite(points[:, 0])]
    distance = np.linalg.norm(seen[:, None] - seen, axis=2)
    return np.asarray(seen[np.quantile(distance, DENSE, axis=1).argmin()])


def snap(points: NDArray[np.float64], vertices: Floats, faces: Ints, allowed: Ints) -> SurfacePoints:
    """The points of the surface, on the faces ``allowed``, closest to ``points`` (L, 3)."""
    from scipy.spatial import KDTree

    corners = vertices[faces[allowed]].astype(np.float64)
    _, near = KDTree(corners.mean(1)).query(points, NEARBY)
    barycentric = closest_barycentric(points[:, None], corners[near])
    distance = np.linalg.norm(np.einsum("lnk,lnki->lni", barycentric, corners[near]) - points[:, None], axis=2)
    best = distance.argmin(1)
    rows = np.arange(len(points))
    return SurfacePoints(allowed[near[rows, best]], barycentric[rows, best].astype(np.float32))


def closest_barycentric(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The barycentric coordinates (..., 3) of the closest point of triangles (..., 3, 3) to ``points`` (..., 3).

    The foot of the perpendicular where it lies inside, else the best of the closest points of the three sides.
    """
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    normal = np.cross(b - a, c - a)
    area = np.maximum((normal**2).sum(-1), 1e-30)
    offset = points - a
    v = (np.cross(offset, c - a) * normal).sum(-1) / area
    w = (np.cross(b - a, offset) * normal).sum(-1) / area
    inside = np.stack([1 - v - w, v, w], -1)
    candidates = []
    for first in range(3):
        second = (first + 1) % 3
        side = corners[..., second, :] - corners[..., first, :]
        along = ((points - corners[..., first, :]) * side).sum(-1) / np.maximum((side**2).sum(-1), 1e-30)
        along = np.clip(along, 0, 1)
        weights = np.zeros(inside.shape)
        weights[..., first], weights[..., second] = 1 - along, along
        candidates.append(weights)
    sides = np.stack(candidates)
    distance = np.linalg.norm((sides[..., None] * corners).sum(-2) - points, axis=-1)
    nearest = np.take_along_axis(sides, distance.argmin(0)[None, ..., None], 0)[0]
    return np.where((inside >= 0).all(-1, keepdims=True), inside, nearest)

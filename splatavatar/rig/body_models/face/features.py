"""Where a head seen from the front has its lids and the line between its lips.

Both are edges of what is seen: an eyeball shows between the lids, and where lips meet the surface breaks. Closest
points cannot tell where along a smooth lip a corner of the mouth is; this can, and it means the same on any head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.rig.body_models.face.shaded import Side, visible

PIXELS = 200
"""between the eyes: each is about a third of a millimetre"""
SPAN = 2.5
"""width of what is looked at, in distances between the eyes"""
MOUTH = (0.6, 1.7)
"""how far below the eyes the lips may meet, in these distances"""
STEP = 0.012
"""the same, across which a break is looked for"""
SAMPLES = 15
"""points along the lips, and along a lid"""
SHARP = 0.5
"""of the break in the middle: where it falls below that the lips end"""
LEAST = 0.3
"""break of normals between lips that are lips"""
GAP = 10
"""pixels above and below the line within which the lips begin"""
TILTED = 0.1
"""by which an upper lip faces down where it ends, and a lower one up"""
LIP_DEPTH = 0.1
"""distances between the eyes that what shows between open lips lies behind them, at least"""
CORNER = 2
"""points at both ends of the lips that are not far enough from the other lip"""
LIP_WIDTH = 0.35
"""distances between the eyes, along the surface, within which an upper lip is told from a lower one"""
DRIFT = 2
"""pixels that the line may move up or down from one column to the next"""


@dataclass(frozen=True)
class Features:
    """Points of a surface, N of them, that mean the same on every head: ``SAMPLES`` of the upper lip, the lower lip,
    and the upper and lower lid of the left and of the right eye, each from the subject's right to the left."""

    corners: Longs
    """(N, 3) the vertices of the triangle that each lies on; -1 where there is none"""
    shares: Doubles
    """(N, 3)"""


def features_of(vertices: Doubles, skin: Longs, eyeballs: Longs, eyes: Doubles) -> Features:
    """The lips where they meet, and the edges of the lids.

    Args:
        vertices: (V, 3) of a head that faces +Z.
        skin, eyeballs: (F, 3) and (G, 3) their triangles.
        eyes: (2, 3) centres of the left and the right eyeball.
    """
    faces = np.concatenate([skin, eyeballs])
    unit = float(np.linalg.norm(eyes[0] - eyes[1]))
    middle = eyes.mean(0) - [0, 0.6 * unit, 0]
    size = int(SPAN * PIXELS)
    side = Side(middle, PIXELS / unit, size, size)
    face, barycentric = visible(vertices, faces, side)
    pixels = [*_lips(vertices, faces, face, side, unit, float(eyes[:, 1].mean()))]
    for eye in eyes:
        pixels += _lids(face, np.arange(len(faces)) >= len(skin), side, eye, unit)
    rows, columns = np.array(pixels).T
    found = face[rows, columns]
    there = (rows >= 0) & (found >= 0) & (found < len(skin))
    return Features(np.where(there[:, None], faces[found], -1), barycentric[rows, columns])


def lip_sides(vertices: Doubles, skin: Longs, features: Features, unit: float) -> Doubles:
    """(V) 1 on the upper lip, -1 on the lower, 0 where they end and away from the mouth, smoothly in between.

    It goes by distances along the edges of ``skin`` (F, 3), so that it tells lips apart that touch. ``unit`` is the
    distance between the eyes. All is 0 where no lips were found.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    edges = np.concatenate([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]])
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1) / unit
    edges, first = np.unique(edges, axis=0, return_index=True)
    graph = csr_matrix((length[first], (edges[:, 0], edges[:, 1])), (len(vertices), len(vertices)))
    away = []
    for start in (0, SAMPLES):
        corners = features.corners[start + CORNER : start + SAMPLES - CORNER]
        seeds = np.unique(corners[corners[:, 0] >= 0])
        if not len(seeds):
            return np.zeros(len(vertices))
        away.append(dijkstra(graph, directed=False, indices=seeds, min_only=True, limit=3 * LIP_WIDTH))
    upper, lower = (np.minimum(distance, 3 * LIP_WIDTH) for distance in away)
    fade = np.exp(-((np.minimum(upper, lower) / LIP_WIDTH) ** 4))
    return np.asarray(np.clip((lower - upper) / LIP_WIDTH, -1, 1) * fade)


NOWHERE = (-1, -1)


def _lips(
    vertices: Doubles, faces: Longs, face: Longs, side: Side, unit: float, eye_height: float
) -> list[tuple[int, int]]:
    """Pixels (row, column) along the upper lip, then the lower, from the subject's right to the left."""
    none = [NOWHERE] * (2 * SAMPLES)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    up = normal[:, 1] / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    seen = np.where(face >= 0, up[face], 0.0)
    step = max(1, round(STEP * PIXELS))
    jump = np.zeros(seen.shape)
    jump[step:-step] = seen[2 * step :] - seen[: -2 * step]
    top, bottom = (int(side.project(np.array([[0, eye_height - share * unit, 0]]))[0, 1]) for share in MOUTH)
    centre = int(side.project(side.middle[None])[0, 0])
    band = jump[top:bottom]
    start = int(band[:, centre - 3 : centre + 4].mean(1).argmax())
    sharp = float(band[start, centre - 3 : centre + 4].mean())
    if sharp < LEAST:
        return none
    line = {centre: start}
    for way in (1, -1):
        row, column = start, centre
        while 0 < column + way < band.shape[1] - 1:
            column += way
            near = slice(max(row - DRIFT, 0), row + DRIFT + 1)
            row = near.start + int(band[near, column].argmax())
            if band[row, column] < SHARP * sharp:
                break
            line[column] = row
    columns = np.array(sorted(line))
    rows = np.array([line[column] for column in columns]) + top
    chosen = np.round(np.linspace(columns[0], columns[-1], SAMPLES)).astype(int)
    nearness = vertices[faces].mean(1)[:, 2] / (LIP_DEPTH * unit)
    depth = np.where(face >= 0, nearness[face], -np.inf)
    heights = np.round(np.interp(chosen, columns, rows)).astype(int)
    places = list(zip(heights, chosen, strict=True))
    upper, lower = ([_skin(seen, depth, row, column, way) for row, column in places] for way in (-1, 1))
    whole = [NOWHERE not in pair for pair in zip(upper, lower, strict=True)]
    if sum(whole) < SAMPLES / 2:
        return none
    return [place if known else NOWHERE for lip in (upper, lower) for place, known in zip(lip, whole, strict=True)]


def _skin(seen: Doubles, depth: Doubles, row: int, column: int, way: int) -> tuple[int, int]:
    """The first pixel up (-1) or down (1) of a place between the lips that shows that lip and not what is behind."""
    near = depth[row - GAP : row + GAP + 1, column].max() - 1
    for away in range(1, GAP):
        if depth[row + way * away, column] > near and seen[row + way * away, column] * way > TILTED:
            return row + way * away, column
    return NOWHERE


def _lids(face: Longs, eyeball: Mask, side: Side, eye: Doubles, unit: float) -> list[tuple[int, int]]:
    """Pixels (row, column) on the skin above and below the opening of an eye, from the subject's right to the left."""
    column, row, _ = side.project(eye[None])[0]
    reach = int(0.4 * unit * side.pixels_per_metre)
    window = (slice(int(row) - reach, int(row) + reach), slice(int(column) - reach, int(column) + reach))
    inside = np.where(face[window] >= 0, eyeball[face[window]], False)
    columns = np.flatnonzero(inside.any(0))
    if len(columns) < SAMPLES:
        return [NOWHERE] * (2 * SAMPLES)
    chosen = np.round(np.linspace(columns[0], columns[-1], SAMPLES)).astype(int)
    open_ = [np.flatnonzero(inside[:, column]) for column in chosen]
    out = []
    for end, away in ((0, -2), (-1, 2)):
        for column, rows in zip(chosen, open_, strict=True):
            out.append((rows[end] + away + window[0].start, column + window[1].start) if len(rows) else NOWHERE)
    return out

"""Long hair, strand by strand: parted, tucked behind the right ear, over the left one and onto the shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from made_person.surface import Array, Bound, Indices, scattered, unit

STRANDS = 15_000
POINTS = 20
LENGTH = 0.40
"""metres, of the longest"""
LOCKS = 700
"""strands gather around so many of them"""
PARTING = 0.016
"""metres to the left of the middle"""


@dataclass(frozen=True)
class Hair:
    """Strands at rest."""

    points: Array
    """(N, K, 3) metres"""
    tone: Array
    """(N) what makes a strand darker (-1) or lighter (1) than its neighbours"""
    carried: Array
    """(N, K) share in the movement of the head; the rest stays with the shoulders"""


def hairline(points: Array, middle: float) -> Array:
    """How far (N) points of the scalp lie above the line where hair begins, metres; ``middle`` is z of the skull."""
    angle = np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 2] - middle))
    heights = np.interp(angle, (0, 18, 38, 55, 68, 82, 95, 112, 140, 180), HEIGHTS)
    return np.asarray(points[:, 1] - heights)


HEIGHTS = (0.2080, 0.2085, 0.2010, 0.1860, 0.1700, 0.1530, 0.1500, 0.1050, 0.0830, 0.0760)
"""metres above the base of the neck at 0 (front) to 180 degrees (nape)"""


class Body:
    """Everything that hair must stay outside of."""

    def __init__(self, vertices: Array, faces: Indices, random: np.random.Generator) -> None:
        points, normals, _ = scattered(vertices, faces, 120_000, random)
        self.tree, self.points, self.normals = cKDTree(points), points, normals

    def distance(self, points: Array) -> tuple[Array, Array]:
        """Signed distances (N) and the way out (N, 3)."""
        _, near = self.tree.query(points, k=4)
        normal = unit(self.normals[near].mean(1))
        return ((points - self.points[near].mean(1)) * normal).sum(1), normal


def grown(vertices: Array, skin: Indices, cloth: tuple[Array, Indices], ear: Array, seed: int = 5) -> Hair:
    """Hair on the head of ``vertices`` with triangles ``skin``, over the shirt ``cloth``; ``ear`` (3) is the left one's
    middle."""
    random = np.random.default_rng(seed)
    body = Body(np.concatenate([vertices, cloth[0]]), np.concatenate([skin, cloth[1] + len(vertices)]), random)
    middle = float(ear[2]) + 0.012
    roots, normals = _roots(vertices, skin, middle, random)
    side = np.where(roots[:, 0] + 0.004 * np.sin(roots[:, 2] * 90) > PARTING, 1.0, -1.0)
    count = len(roots)
    length = LENGTH * np.clip(random.normal(0.93, 0.05, count), 0.7, 1.02)
    length *= np.interp(roots[:, 1], (0.08, 0.20), (0.66, 1.0))
    layer = 0.002 + 0.015 * random.random(count) ** 1.3
    step = length / (POINTS - 1)
    front = np.clip((roots[:, 2] - middle) / 0.09, -0.2, 1)
    # Away from the parting, and from the face backwards, standing up a little at the root.
    away = np.stack([side * (0.9 - 0.25 * np.abs(front)), 0.15 + 0 * front, -0.35 - 0.75 * np.clip(front, 0, 1)], 1)
    heading = unit(away - (away * normals).sum(1, keepdims=True) * normals + 0.55 * normals)
    points = np.empty((count, POINTS, 3))
    points[:, 0] = roots - 0.0015 * normals
    at = roots.copy()
    tucked = side < 0
    # The hair of the right side passes behind its ear, that of the left over the front of its own.
    pass_by = np.where(
        tucked[:, None],
        [-abs(ear[0]) - 0.004, ear[1] + 0.022, ear[2] - 0.030],
        [ear[0] + 0.010, ear[1] + 0.01, ear[2] + 0.006],
    )
    pass_by = pass_by + random.normal(0, 1, (count, 3)) * [0.004, 0.006, 0.007]
    behind = roots[:, 2] < middle - 0.03
    for k in range(1, POINTS):
        # Below the jaw it falls towards the front of the shoulders.
        inwards = np.clip((0.06 - at[:, 1:2]) / 0.1, 0, 1) * (-0.35 * at[:, :1] / 0.12 * [1.0, 0, 0] + [0, 0, 0.12])
        above = at[:, 1] > pass_by[:, 1]
        aim = unit(pass_by - at)
        down = np.array([0.0, -1.0, 0.0])
        pull = np.where((above & ~behind)[:, None], 0.55 * aim + 0.45 * down, down + inwards)
        stiff = np.interp(k, (1, 3, POINTS), (0.82, 0.62, 0.68))
        heading = unit(stiff * heading + (1 - stiff) * pull)
        at = at + heading * step[:, None]
        off = layer * np.interp(k, (0, 2, 9, POINTS), (0.15, 0.7, 1.0, 0.6))
        for _ in range(2):
            far, out = body.distance(at)
            push = np.clip(off - far, 0, 0.03)
            at = at + push[:, None] * out
        moved = at - points[:, k - 1]
        heading = unit(0.5 * heading + 0.5 * unit(moved))
        at = points[:, k - 1] + unit(moved) * step[:, None]
        points[:, k] = at
    points, lock = _gathered(points, roots, body, random)
    tone = np.clip(random.normal(0, 0.5, LOCKS)[lock] + random.normal(0, 0.3, count), -1, 1)
    return Hair(points, tone, carried(points))


def carried(points: Array) -> Array:
    """The share in the movement of the head: all above the jaw, little on the shoulders."""
    return np.asarray(np.interp(points[..., 1], (-0.10, 0.05), (0.12, 1.0)))


def _roots(vertices: Array, skin: Indices, middle: float, random: np.random.Generator) -> tuple[Array, Array]:
    points, normals, _ = scattered(vertices, skin, 400_000, random)
    above = hairline(points, middle)
    # A soft edge; the ear itself, which reaches above the line, stands off the skull.
    ears = (np.abs(points[:, 0]) > 0.0755) & (points[:, 1] < 0.165)
    chosen = (above + random.normal(0, 0.0016, len(points)) > 0) & ~ears & (normals[:, 1] > -0.75)
    place = np.flatnonzero(chosen)[:STRANDS]
    return points[place], normals[place]


def _gathered(points: Array, roots: Array, body: Body, random: np.random.Generator) -> tuple[Array, Indices]:
    """Strands drawn to the nearest lock (N), more towards the tips, with a wave and some that fly."""
    count = len(points)
    locks = random.choice(count, LOCKS, replace=False)
    middle = points[locks, POINTS // 3]
    _, near = cKDTree(np.concatenate([roots[locks], 0.7 * middle], 1)).query(
        np.concatenate([roots, 0.7 * points[:, POINTS // 3]], 1)
    )
    along = np.linspace(0, 1, POINTS)
    gather = (
        0.62 * np.clip((along - 0.12) / 0.6, 0, 1) ** 1.2 * np.clip(random.normal(1, 0.25, count), 0.2, 1.3)[:, None]
    )
    lock = points[locks[near]]
    drawn = points + np.clip(gather, 0, 0.85)[..., None] * (lock - points)
    phase = random.random(LOCKS)[near] * 2 * np.pi
    wave = 0.0065 * np.clip((along - 0.35) / 0.5, 0, 1)
    swing = 2 * np.pi * 2.3 * along[None] + phase[:, None]
    drawn[..., 0] += wave * np.sin(swing)
    drawn[..., 2] += wave * np.cos(swing)
    fly = np.cumsum(random.normal(0, 1, points.shape), 1) * 0.00035 * (random.random(count) ** 3 * 3)[:, None, None]
    drawn += fly * np.clip(along / 0.2, 0, 1)[None, :, None]
    flat = drawn[:, 2:].reshape(-1, 3)
    far, out = body.distance(flat)
    flat = flat + np.clip(0.0012 - far, 0, 0.02)[:, None] * out
    drawn[:, 2:] = flat.reshape(count, POINTS - 2, 3)
    drawn[:, 0] = points[:, 0]
    return drawn, near


def brows(vertices: Array, skin: Indices, eye: Array, random: np.random.Generator) -> Bound:
    """Hairs of both brows over eyes at (+-x, y, z) ``eye``."""
    near = np.linalg.norm(vertices[skin].mean(1) * [0, 1, 1] - eye * [0, 1, 1], axis=1) < 0.05
    points, normals, face = scattered(vertices, skin[near], 150_000, random)
    face = np.flatnonzero(near)[face]
    side = np.sign(points[:, 0])
    along = (np.abs(points[:, 0]) - (eye[0] - 0.0165)) / 0.042
    arch = eye[1] + 0.0185 + 0.0062 * np.sin(np.clip(along, 0, 1) * np.pi * 0.80) - 0.0045 * np.clip(along - 0.55, 0, 1)
    half = np.interp(along, (0, 0.15, 0.6, 1), (0.0030, 0.0042, 0.0030, 0.0009))
    off = (points[:, 1] - arch) / half
    inside = (along > 0) & (along < 1) & (np.abs(off) < 1) & (points[:, 2] > eye[2] - 0.03)
    inside &= random.random(len(points)) < 1 - 0.55 * np.abs(off) ** 2
    place = np.flatnonzero(inside)[:620]
    points, normals, face = points[place], normals[place], face[place]
    side, along, off = side[place], along[place], off[place]
    lean = np.interp(along, (0, 0.12, 0.5, 1), (0.25, 0.75, 1.0, 1.0))
    rise = np.interp(along, (0, 0.2, 0.6, 1), (1.0, 0.65, 0.2, -0.25)) - 0.35 * off
    heading = np.stack([side * lean, rise, 0 * lean], 1) + random.normal(0, 0.12, (len(points), 3))
    heading = unit(heading - (heading * normals).sum(1, keepdims=True) * normals)
    length = random.normal(0.0075, 0.0012, len(points)) * np.interp(along, (0, 0.3, 1), (0.85, 1, 0.7))
    t = np.linspace(0, 1, 5)[None, :, None]
    lift = 0.0011 * np.sin(t * np.pi * 0.8)
    strands = points[:, None] + heading[:, None] * length[:, None, None] * t + normals[:, None] * lift
    return Bound.bind(strands, face, vertices, skin)


def margins(
    vertices: Array, skin: Indices, eye: Array, radius: float, random: np.random.Generator
) -> list[tuple[Array, Indices]]:
    """Points (N, 3) along the upper and the lower lid where it meets the visible part of the eyeball, from the smaller
    x on, with the triangles of ``skin`` (N) that they lie on."""
    near = np.linalg.norm(vertices[skin].mean(1) - eye, axis=1) < 1.6 * radius
    points, _, face = scattered(vertices, skin[near], 60_000, random)
    face = np.flatnonzero(near)[face]
    off = points - eye
    front = (off[:, 2] > 0.25 * radius) & (np.linalg.norm(off, axis=1) > 1.005 * radius)
    points, face, off = points[front], face[front], off[front]
    column = np.floor(off[:, 0] / 0.0006).astype(int)
    found: list[list[int]] = [[], []]
    for number in np.unique(column):
        inside = np.flatnonzero(column == number)
        inside = inside[np.argsort(off[inside, 1])]
        gap = np.diff(off[inside, 1])
        # The eye is open where nothing of the skin lies before the ball.
        open_at = int(gap.argmax()) if len(gap) else 0
        if len(gap) and gap[open_at] > 0.0022:
            found[0].append(int(inside[open_at + 1]))
            found[1].append(int(inside[open_at]))
    return [(points[line], face[line]) for line in found]


def lashes(
    vertices: Array, skin: Indices, eyes: Array, lids: list[list[tuple[Array, Indices]]], random: np.random.Generator
) -> Bound:
    """Lashes on the ``lids`` of ``eyes`` (2, 3), bound to triangles of ``skin``."""
    strands, face = [], []
    for eye, both in zip(eyes, lids, strict=True):
        for (line, owner), upper in zip(both, (True, False), strict=True):
            count, size = (75, 0.0062) if upper else (26, 0.0030)
            place = random.integers(0, len(line), count)
            start = line[place]
            aside = np.clip((start[:, :1] - eye[:1]) / 0.014, -1.2, 1.2)
            heading = unit(np.concatenate([0.45 * aside, np.full_like(aside, -0.05), 1 + 0 * aside], 1))
            length = size * random.normal(1, 0.10, count)[:, None, None]
            t = np.linspace(0, 1, 6)[None, :, None]
            curl = np.array([0, 0.62 if upper else -0.5, -0.1])
            strands.append(start[:, None] + length * (heading[:, None] * (t - 0.25 * t**2) + curl * t**2))
            face.append(owner[place])
    return Bound.bind(np.concatenate(strands), np.concatenate(face).astype(np.int64), vertices, skin)


def moved(hair: Hair, head: NDArray[np.float64]) -> Array:
    """Strands (N, K, 3) with the head carried by the 4x4 ``head``."""
    turned = hair.points @ head[:3, :3].T + head[:3, 3]
    return np.asarray(hair.points + hair.carried[..., None] * (turned - hair.points))

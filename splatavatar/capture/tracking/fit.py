"""Levenberg-Marquardt from landmarks to the shape, the expressions and the poses of a head.

The unknowns of a timestep (turn, translation, expression coefficients) meet those of other timesteps only through the
global ones (shape, focal length, cameras) and through smoothness in time. ``fit_shape`` eliminates the former to solve
for the latter (Schur complement, as in bundle adjustment); ``fit_motion`` keeps the globals and solves the band of
all timesteps at once. Coefficients stay in [0, 1] by an active set, outliers lose their weight by Geman-McClure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Longs
from splatavatar.capture.tracking.landmark_model import IRIS, OVAL, PAIRS, LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.steps import bends, dolly, step_all, step_motion
from splatavatar.capture.tracking.unknowns import Head, Normal
from splatavatar.capture.tracking.weak_perspective import growth, place_in_camera, side_by_side
from splatavatar.rotations import cross_matrices

NOISE = 0.008
"""standard deviation of a landmark, in eye spans"""
PAIR_NOISE = 0.004
"""of the distance between two lids or two lips: neighbours err together"""
SHARE = 0.5
"""what a landmark counts: 478 detections of one network are not 478 measurements"""
HABIT_SIGMA = 0.002
"""metres: how far from the place measured on the rig the detector puts a landmark of this person, every time"""
OUTLIER = 4.0
"""standard deviations at which a landmark has lost three quarters of its weight"""
SCORE_SIGMA, FIRM_SCORE_SIGMA = 0.45, 0.25
"""of the detector's scores about the coefficients of the rig: of a known shape, and while the shape is sought too"""
SHAPE_WEIGHT = 200.0
"""of the shape prior: a detector errs alike in every picture of a face, and more the further it is turned, which looks
like depth; so what all landmarks together say of a shape is worth little more than what a few say. By the vertices of
a rendered subject, at 1, 30, 100, 200 and 400: 2.1, 1.7, 1.5, 1.5 and 1.4 mm"""
OBLIQUE, SQUARE, LEAST_TRUST = 0.05, 0.3, 0.02
"""cosines between surface and view below which a landmark is nearly worthless and above which it counts in full:
detectors put what is turned away on the visible edge"""
REST = 0.1
"""quantile of a score over time that is this face at rest: some faces never score less than 0.5 for a raised brow"""
REST_SIGMA = 0.25
"""of a step of focal length and scale, in logarithms, and of the cameras, in radians and metres"""
SETTLED = 1e-3
"""of the cost: a step that gains less is the last"""
CHUNK = 64


class LandmarkFit:
    """Fits ``model`` to ``observations``."""

    def __init__(self, model: LandmarkModel, observations: Observations) -> None:
        self.model, self.observations = model, observations
        self.span = observations.span
        self.trust = np.full(observations.pixels.shape[1], 1.0)
        self.trust[IRIS] = 0.5
        self.trust[list(OVAL)] = 0.25
        self.goal = _mean_scores(observations)

    def part(self, start: int, stop: int) -> LandmarkFit:
        """The same of the timesteps from ``start`` to before ``stop``, of a face whose rest is that of all of them."""
        part = LandmarkFit(self.model, self.observations.part(start, stop))
        part.goal = self.goal[start:stop]
        return part

    def start(self, lenses: Lenses) -> Head:
        """A first guess: the detector's turn and scores, weak perspective for the place."""
        observations, model, T = self.observations, self.model, self.observations.timesteps
        points = model.points(np.zeros(len(model.shape)), self.goal)
        if lenses.free_place:
            lenses = side_by_side(points, observations, lenses)
        elif lenses.free_scale:
            T_camera_rig = lenses.T_camera_rig.copy()
            T_camera_rig[:, :3, 3] *= growth(points, observations, lenses)
            lenses = replace(lenses, T_camera_rig=T_camera_rig)
        head = Head(
            np.zeros(len(model.shape)),
            self.goal.copy(),
            np.zeros((T, 3, 3)),
            np.zeros((T, 3)),
            lenses,
        )
        best = np.full(T, -np.inf)
        for n, (t, c) in enumerate(zip(observations.timestep, observations.camera, strict=True)):
            rotation = observations.rotation[n]
            if rotation[2, 2] <= best[t]:
                continue
            best[t] = rotation[2, 2]
            at = place_in_camera(points[t], rotation, observations.pixels[n], lenses.focal[c], lenses.centre[c])
            T_rig_camera = np.linalg.inv(lenses.T_camera_rig[c])
            turn = T_rig_camera[:3, :3] @ np.diag([1.0, -1.0, -1.0]) @ rotation
            head.rotation[t] = turn
            head.translation[t] = T_rig_camera[:3, :3] @ at + T_rig_camera[:3, 3] - model.pivot
        return head

    def fit_shape(self, head: Head, iterations: int = 14) -> Head:
        """Improves everything, the globals too; timesteps are independent."""
        damping = 1e-3
        normal = self._normal(head, True)
        for _ in range(iterations):
            moved = step_all(head, normal, damping, self.observations, self.model.pivot)
            candidate = self._normal(moved, True)
            if candidate.cost < normal.cost:
                done = normal.cost - candidate.cost < SETTLED * normal.cost
                head, normal, damping = moved, candidate, max(damping / 4, 1e-7)
                if done:
                    break
            else:
                damping *= 8
        return head

    def fit_motion(self, head: Head, iterations: int = 8) -> Head:
        """Improves the timesteps, linked ones together; the globals stay."""
        damping = 1e-4
        normal = self._normal(head, False)
        for _ in range(iterations):
            moved = step_motion(head, normal, damping, self.observations.linked)
            candidate = self._normal(moved, False)
            if candidate.cost < normal.cost:
                done = normal.cost - candidate.cost < SETTLED * normal.cost
                head, normal, damping = moved, candidate, max(damping / 4, 1e-7)
                if done:
                    break
            else:
                damping *= 8
        return head

    def errors(self, head: Head) -> Doubles:
        """The distance (N, L) between detected and fitted landmarks in eye spans."""
        points = self.model.points(head.shape, head.expression)
        out = []
        for rows in _chunks(len(self.span)):
            seen = _seen(self, head, points, rows)
            out.append(np.linalg.norm(seen.pixels - self.observations.pixels[rows], axis=-1) / self.span[rows, None])
        return np.concatenate(out)

    def habits(self, head: Head) -> Doubles:
        """The metres (L, 3) by which the landmarks of this person lie off their places on the rig, in the mean.

        A detector has its own idea of where on a face its landmarks are, which differs from face to face: what stays
        the same in every picture and is too rough for the shape belongs to it. Ridge regression, landmark by landmark.
        """
        landmarks = self.observations.pixels.shape[1]
        matrix = np.tile(np.eye(3) / HABIT_SIGMA**2, (landmarks, 1, 1))
        vector = np.zeros((landmarks, 3))
        for _, by_head, residual, weight in self.linearised(head):
            matrix += np.einsum("nl,nlki,nlkj->lij", weight, by_head, by_head, optimize=True)
            vector += np.einsum("nl,nlki,nlk->li", weight, by_head, residual, optimize=True)
        return np.asarray(np.linalg.solve(matrix, vector[..., None])[..., 0], np.float64)

    def linearised(self, head: Head) -> Iterator[tuple[slice, Doubles, Doubles, Doubles]]:
        """For rows of the observations: the slope (n, L, 2, 3) of pixels over points of the head, metres; detected less
        fitted pixels (n, L, 2); and what each landmark counts (n, L), per pixel squared."""
        points = self.model.points(head.shape, head.expression)
        for rows in _chunks(len(self.span)):
            t, c = self.observations.timestep[rows], self.observations.camera[rows]
            seen = _seen(self, head, points, rows)
            by_head = seen.slope @ (head.lenses.T_camera_rig[c][:, :3, :3] @ head.rotation[t])[:, None]
            residual = self.observations.pixels[rows] - seen.pixels
            weight = self.facing(head, seen, rows) * SHARE / (NOISE * self.span[rows, None]) ** 2
            yield rows, by_head, residual, weight

    def facing(self, head: Head, seen: _Seen, rows: slice) -> Doubles:
        """The trust (n, L) in landmarks by how squarely the camera sees them, from ``LEAST_TRUST`` to 1."""
        t, c = self.observations.timestep[rows], self.observations.camera[rows]
        turn = head.lenses.T_camera_rig[c][:, :3, :3] @ head.rotation[t]
        normals = np.einsum("nij,lj->nli", turn, self.model.normals)
        away = (normals * seen.camera).sum(-1) / np.linalg.norm(seen.camera, axis=-1)
        return np.asarray(np.clip((-away - OBLIQUE) / (SQUARE - OBLIQUE), LEAST_TRUST, 1.0))

    def _normal(self, head: Head, shared: bool) -> Normal:
        """The cost at ``head`` and its quadratic model."""
        model = self.model
        T, E = head.expression.shape
        m = len(model.shape) + 1 + 1 + 6 * head.lenses.moved if shared else 0
        normal = Normal(
            np.zeros((T, 6 + E, 6 + E)),
            np.zeros((T, 6 + E)),
            np.zeros((T, 6 + E, m)),
            np.zeros((m, m)),
            np.zeros(m),
            0.0,
        )
        points = model.points(head.shape, head.expression)
        for rows in _chunks(len(self.span)):
            _add_landmarks(self, head, points, rows, normal, shared)
        _add_priors(self, head, normal, shared)
        return normal


@dataclass(frozen=True)
class _Seen:
    """n observations, linearised; L landmarks."""

    turned: Doubles
    """(n, L, 3) about the pivot, rig axes"""
    camera: Doubles
    """(n, L, 3) in the camera"""
    pixels: Doubles
    """(n, L, 2)"""
    slope: Doubles
    """(n, L, 2, 3) of the pixel over the point in the camera"""


def _seen(fit: LandmarkFit, head: Head, points: Doubles, rows: slice) -> _Seen:
    t, c, lenses = fit.observations.timestep[rows], fit.observations.camera[rows], head.lenses
    turned = np.einsum("nij,nlj->nli", head.rotation[t], points[t])
    world = turned + (fit.model.pivot + head.translation[t])[:, None]
    T = lenses.T_camera_rig[c]
    camera = np.einsum("nij,nlj->nli", T[:, :3, :3], world) + T[:, None, :3, 3]
    depth = np.maximum(camera[..., 2:], 1e-3)
    focal = lenses.focal[c][:, None, None]
    ray = camera[..., :2] / depth
    slope = np.zeros((*camera.shape[:2], 2, 3))
    slope[..., 0, 0] = slope[..., 1, 1] = (focal / depth)[..., 0]
    slope[..., 2] = -focal * ray / depth
    return _Seen(turned, camera, focal * ray + lenses.centre[c][:, None], slope)


def _add_landmarks(fit: LandmarkFit, head: Head, points: Doubles, rows: slice, normal: Normal, shared: bool) -> None:
    observations, model = fit.observations, fit.model
    t, c = observations.timestep[rows], observations.camera[rows]
    seen = _seen(fit, head, points, rows)
    n, L = seen.camera.shape[:2]
    residual = seen.pixels - observations.pixels[rows]
    T_rotation = head.lenses.T_camera_rig[c][:, :3, :3]
    by_world = seen.slope @ T_rotation[:, None]
    by_head = by_world @ head.rotation[t][:, None]
    jacobian = np.empty((n, L, 2, 6 + head.expression.shape[1]), np.float32)
    jacobian[..., :3] = by_world @ -cross_matrices(seen.turned)
    jacobian[..., 3:6] = by_world
    jacobian[..., 6:] = np.einsum("nlij,elj->nlie", by_head, model.expression, optimize=True)
    parts = [jacobian]
    if shared:
        parts.append(_shared_jacobian(fit, head, seen, by_head, rows))
    full = np.concatenate(parts, -1) if shared else jacobian
    facing = fit.facing(head, seen, rows)
    unit = NOISE * fit.span[rows, None]
    weight = SHARE * fit.trust * facing
    pairs = residual[:, PAIRS[:, 0]] - residual[:, PAIRS[:, 1]]
    pair_jacobian = full[:, PAIRS[:, 0]] - full[:, PAIRS[:, 1]]
    pair_weight = SHARE * np.minimum(facing[:, PAIRS[:, 0]], facing[:, PAIRS[:, 1]])
    pair_unit = PAIR_NOISE * fit.span[rows, None]
    for r, j, w, u in ((residual, full, weight, unit), (pairs, pair_jacobian, pair_weight, pair_unit)):
        square = (r**2).sum(-1) / u**2 / OUTLIER**2
        normal.cost += float((w * OUTLIER**2 * square / (1 + square)).sum()) / 2
        root = np.sqrt(w) / (1 + square) / u
        a = (j * root[..., None, None]).reshape(n, -1, j.shape[-1]).astype(np.float32)
        b = (r * root[..., None]).reshape(n, -1, 1).astype(np.float32)
        hessian = a.transpose(0, 2, 1) @ a
        gradient = (a.transpose(0, 2, 1) @ b)[..., 0]
        k = normal.local.shape[1]
        _add_rows(normal.local, t, hessian[:, :k, :k])
        _add_rows(normal.local_gradient, t, gradient[:, :k])
        if shared:
            _add_rows(normal.cross, t, hessian[:, :k, k:])
            normal.shared += hessian[:, k:, k:].sum(0, dtype=np.float64)
            normal.shared_gradient += gradient[:, k:].sum(0, dtype=np.float64)


def _add_rows(total: Doubles, timestep: Longs, values: NDArray[np.float32]) -> None:
    """Adds ``values`` (n, ...) to the rows of ``total`` that ``timestep`` (n), ascending, says."""
    first = np.flatnonzero(np.diff(timestep, prepend=-1))
    total[timestep[first]] += np.add.reduceat(values, first) if len(first) < len(values) else values


def _shared_jacobian(fit: LandmarkFit, head: Head, seen: _Seen, by_head: Doubles, rows: slice) -> NDArray[np.float32]:
    """(n, L, 2, G + 2 + 6 M): shape, log focal, log scale, then turn and place of the M cameras behind the first that
    move."""
    model, lenses, timestep = fit.model, head.lenses, fit.observations.timestep[rows]
    camera, G = fit.observations.camera[rows], len(model.shape)
    out = np.zeros((*by_head.shape[:3], G + 2 + 6 * lenses.moved), np.float32)
    out[..., :G] = np.einsum("nlij,glj->nlig", by_head, model.shape, optimize=True)
    if lenses.free_focal:
        heads, cameras = dolly(head, fit.observations, model.pivot)
        shift = np.einsum("nij,nj->ni", lenses.T_camera_rig[camera][:, :3, :3], heads[timestep]) + cameras[camera]
        out[..., G] = seen.pixels - lenses.centre[camera][:, None] + np.einsum("nlij,nj->nli", seen.slope, shift)
    if lenses.free_scale:
        out[..., G + 1] = np.einsum("nlij,nj->nli", seen.slope, lenses.T_camera_rig[camera][:, :3, 3])
    for c in range(1, 1 + lenses.moved):
        rows = camera == c
        first = G + 2 + 6 * (c - 1)
        out[rows, ..., first : first + 3] = seen.slope[rows] @ -cross_matrices(seen.camera[rows])
        out[rows, ..., first + 3 : first + 6] = seen.slope[rows]
    return out


def _add_priors(fit: LandmarkFit, head: Head, normal: Normal, shared: bool) -> None:
    E = head.expression.shape[1]
    sigma = FIRM_SCORE_SIGMA if shared else SCORE_SIGMA
    away = (head.expression - fit.goal) / sigma
    normal.cost += float((away**2).sum()) / 2
    diagonal = np.arange(6, 6 + E)
    normal.local[:, diagonal, diagonal] += 1 / sigma**2
    normal.local_gradient[:, 6:] += away / sigma
    if shared:
        G = len(head.shape)
        normal.cost += SHAPE_WEIGHT * float((head.shape**2).sum()) / 2
        normal.shared[np.arange(G), np.arange(G)] += SHAPE_WEIGHT
        normal.shared_gradient[:G] += SHAPE_WEIGHT * head.shape
        # Damped, for there may be nothing to go by; parameters that are not free have no gradient and stay.
        rest = np.arange(G, len(normal.shared))
        normal.shared[rest, rest] += 1 / REST_SIGMA**2
    else:
        turn, place, expression = bends(fit.observations.linked, head)
        for bend in (turn, place, expression):
            normal.cost += float((bend**2).sum()) / 2


def _mean_scores(observations: Observations) -> Doubles:
    """(T, E) over the cameras of each timestep, above what the face scores at rest."""
    total = np.zeros((observations.timesteps, observations.scores.shape[1]))
    np.add.at(total, observations.timestep, observations.scores)
    mean = total / np.bincount(observations.timestep, minlength=observations.timesteps)[:, None]
    rest = np.quantile(mean, REST, 0)
    return (mean - rest).clip(0) / (1 - rest)


def _chunks(count: int) -> list[slice]:
    return [slice(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK)]

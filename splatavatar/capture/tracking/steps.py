"""Steps of Levenberg-Marquardt: of timesteps that share unknowns, and of timesteps that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.capture.tracking.observations import Observations
from splatavatar.capture.tracking.unknowns import Head, Normal
from splatavatar.rotations import axis_angles, rotation_matrices

SMOOTH_TURN, SMOOTH_MOVE, SMOOTH_EXPRESSION = 0.012, 0.0012, 0.10
"""standard deviation of the second difference over frames: radians, metres, coefficients"""
SMOOTH_DEPTH = 3.0
"""times as much along the view, where a landmark says little"""
ROUNDS = 3
"""times that a step is solved again for the coefficients that would leave their range"""


def bends(linked: NDArray[np.bool_], head: Head) -> tuple[Doubles, Doubles, Doubles]:
    """Second differences in time, in standard deviations; zero where three timesteps are not linked."""
    both = (linked[1:-1] & linked[2:])[:, None]
    R = head.rotation
    forward, back = axis_angles(R[2:] @ R[1:-1].transpose(0, 2, 1)), axis_angles(R[1:-1] @ R[:-2].transpose(0, 2, 1))
    sigma = SMOOTH_MOVE * np.array([1.0, 1.0, SMOOTH_DEPTH])

    def bend(x: Doubles) -> Doubles:
        return x[2:] - 2 * x[1:-1] + x[:-2]

    return (
        both * (forward - back) / SMOOTH_TURN,
        both * bend(head.translation) / sigma,
        both * bend(head.expression) / SMOOTH_EXPRESSION,
    )


def _held(head: Head, gradient: Doubles) -> NDArray[np.bool_]:
    """(T, 6 + E) coefficients at a bound that the gradient pushes outwards."""
    held = np.zeros(gradient.shape, bool)
    slope = gradient[:, 6:]
    held[:, 6:] = ((head.expression <= 0) & (slope > 0)) | ((head.expression >= 1) & (slope < 0))
    return held


def _within(
    head: Head, gradient: Doubles, solve: Callable[[NDArray[np.bool_], Doubles], tuple[Doubles, Doubles]]
) -> tuple[Doubles, Doubles]:
    """The step ``solve(held, way)`` of the unknowns that are not ``held`` (T, n) where the others go their ``way``.

    Coefficients that would leave [0, 1] go as far as the bound, and the rest is solved again: cut off only afterwards,
    what the shape gives up for them would make every long step a bad one.
    """
    held, way = _held(head, gradient), np.zeros(gradient.shape)
    own, step = solve(held, way)
    for _ in range(ROUNDS):
        wanted = head.expression + own[:, 6:]
        beyond = ~held[:, 6:] & ((wanted < 0) | (wanted > 1))
        if not beyond.any():
            break
        way[:, 6:][beyond] = (np.clip(wanted, 0.0, 1.0) - head.expression)[beyond]
        held[:, 6:] |= beyond
        own, step = solve(held, way)
    return own, step


def step_all(head: Head, normal: Normal, damping: float, observations: Observations, pivot: Doubles) -> Head:
    """The ``head`` after a step of everything; ``pivot`` (3) about which it turns."""
    diagonal = np.arange(normal.local.shape[1])
    shared = normal.shared + np.diag(damping * np.diag(normal.shared))

    def solve(held: NDArray[np.bool_], way: Doubles) -> tuple[Doubles, Doubles]:
        free = ~held
        local = normal.local * free[:, :, None] * free[:, None, :]
        local[:, diagonal, diagonal] += np.where(held, 1.0, damping * normal.local[:, diagonal, diagonal] + 1e-9)
        cross = normal.cross * free[..., None]
        gradient = (normal.local_gradient + np.einsum("tij,tj->ti", normal.local, way)) * free
        solved = np.linalg.solve(local, np.concatenate([cross, gradient[..., None]], -1))
        reduced = shared - np.tensordot(cross, solved[..., :-1], ([0, 1], [0, 1]))
        forced = normal.shared_gradient + np.tensordot(normal.cross, way, ([0, 1], [0, 1]))
        right = np.tensordot(cross, solved[..., -1], ([0, 1], [0, 1])) - forced
        step = np.asarray(np.linalg.solve(reduced, right), np.float64)
        return np.asarray(way - solved[..., -1] - solved[..., :-1] @ step), step

    own, step = _within(head, normal.local_gradient, solve)
    return moved(head, own, step, dolly(head, observations, pivot))


def step_motion(head: Head, normal: Normal, damping: float, linked: NDArray[np.bool_]) -> Head:
    """The ``head`` after a step of the timesteps, those ``linked`` (T) to the one before them together."""
    from scipy.linalg import solveh_banded

    T, n = normal.local_gradient.shape
    turn, place, expression = bends(linked, head)
    sigma = np.concatenate([np.full(3, SMOOTH_TURN), SMOOTH_MOVE * np.array([1, 1, SMOOTH_DEPTH])])
    precision = 1 / np.concatenate([sigma, np.full(n - 6, SMOOTH_EXPRESSION)]) ** 2
    both = (linked[1:-1] & linked[2:]).astype(float)
    gradient = normal.local_gradient + _unbent(np.concatenate([turn, place, expression], 1) * np.sqrt(precision), T)
    middle, one, two = np.zeros(T), np.zeros(T), np.zeros(T)
    middle[2:] += both
    middle[1:-1] += 4 * both
    middle[:-2] += both
    one[1:-1] -= 2 * both
    one[:-2] -= 2 * both
    two[:-2] += both
    diagonal = np.arange(n)

    def solve(held: NDArray[np.bool_], way: Doubles) -> tuple[Doubles, Doubles]:
        free = (~held).astype(float)
        local = normal.local * free[:, :, None] * free[:, None, :]
        local[:, diagonal, diagonal] *= 1 + damping
        local[:, diagonal, diagonal] += free * (middle[:, None] * precision) + held
        if not both.any():  # each timestep is alone
            forced = np.einsum("tij,tj->ti", normal.local, way)
            return way - np.linalg.solve(local, ((gradient + forced) * free)[..., None])[..., 0], np.zeros(0)
        # Lower band: row d holds the entries d below the diagonal.
        band = np.zeros((2 * n + 1, T * n))
        for d in range(n):
            columns = np.arange(n - d)
            band[d].reshape(T, n)[:, : n - d] = local[:, columns + d, columns]
        band[n].reshape(T, n)[:-1] += one[:-1, None] * precision * free[:-1] * free[1:]
        band[2 * n].reshape(T, n)[:-2] += two[:-2, None] * precision * free[:-2] * free[2:]
        forced = np.einsum("tij,tj->ti", normal.local, way)
        forced += _unbent(both[:, None] * (way[2:] - 2 * way[1:-1] + way[:-2]) * precision, T)
        right = -((gradient + forced) * free).ravel()
        step = solveh_banded(band, right, lower=True, overwrite_ab=True, check_finite=False)
        return way + step.reshape(T, n), np.zeros(0)

    return moved(head, *_within(head, gradient, solve))


def _unbent(bend: Doubles, timesteps: int) -> Doubles:
    """(T, n) the transpose of the second differences, of ``bend`` (T - 2, n)."""
    out = np.zeros((timesteps, bend.shape[1]))
    out[2:] += bend
    out[1:-1] -= 2 * bend
    out[:-2] += bend
    return out


def dolly(head: Head, observations: Observations, pivot: Doubles) -> tuple[Doubles, Doubles]:
    """The way that heads (T, 3), and after them cameras (C, 3, in their own axes), move per unit of the logarithm of
    the focal length, so that the heads keep their size in the picture.

    What is left of a longer lens then is its perspective. Were it all in one unknown, that would drown in the damping.
    """
    lenses = head.lenses
    R = lenses.T_camera_rig[:, :3, :3]
    place = np.einsum("cij,tj->cti", R, pivot + head.translation) + lenses.T_camera_rig[:, None, :3, 3]
    first = np.searchsorted(observations.timestep, np.arange(observations.timesteps))
    seen_by = observations.camera[first]
    heads = place[seen_by, np.arange(len(first)), 2:] * R[seen_by, 2]
    cameras = np.zeros((len(R), 3))
    if lenses.free_place:
        away = place[..., 2:] * [0.0, 0.0, 1.0]
        cameras[1:] = np.median(away - np.einsum("cij,tj->cti", R, heads), 1)[1:]
    return heads, cameras


def moved(head: Head, own: Doubles, step: Doubles, shifts: tuple[Doubles, Doubles] | None = None) -> Head:
    """The ``head`` after the step ``own`` (T, 6 + E) of its timesteps and ``step`` of what they share.

    If that moves, it does so with the ``shifts`` of ``dolly``.
    """
    own = own.copy()
    own[:, :3] = _limited(own[:, :3], 0.3)
    after = replace(
        head,
        rotation=rotation_matrices(own[:, :3]) @ head.rotation,
        translation=head.translation + own[:, 3:6],
        expression=np.clip(head.expression + own[:, 6:], 0.0, 1.0),
    )
    if shifts is None:
        return after
    G, lenses, (heads, cameras) = len(head.shape), head.lenses, shifts
    zoom = np.exp(np.clip(step[G], -0.3, 0.3))
    T_camera_rig = lenses.T_camera_rig.copy()
    T_camera_rig[:, :3, 3] *= np.exp(step[G + 1])
    for c in range(1, 1 + lenses.moved):
        turn, shift = np.split(step[G + 2 + 6 * (c - 1) : G + 2 + 6 * c], 2)
        T_camera_rig[c, :3] = rotation_matrices(turn[None])[0] @ T_camera_rig[c, :3]
        T_camera_rig[c, :3, 3] += shift
    T_camera_rig[:, :3, 3] += (zoom - 1) * cameras
    return replace(
        after,
        shape=head.shape + step[:G],
        translation=after.translation + (zoom - 1) * heads,
        lenses=replace(lenses, focal=lenses.focal * zoom, T_camera_rig=T_camera_rig),
    )


def _limited(vectors: Doubles, longest: float) -> Doubles:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors * np.minimum(1.0, longest / np.maximum(length, 1e-12)))

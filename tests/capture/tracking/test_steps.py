"""Eliminated and banded solutions against one dense solution of the same equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking import steps
from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.steps import bends, dolly, step_all, step_motion
from splatavatar.capture.tracking.unknowns import Head, Normal
from splatavatar.rotations import axis_angles, rotation_matrices

T, E, G = 7, 5, 3
N = 6 + E
M = G + 2 + 6
DAMPING = 0.03


def normal_of(rng: np.random.Generator, shared: bool, strength: float) -> Normal:
    """Of random residuals; steps are about 1 / ``strength``."""
    m = M if shared else 0
    J = strength * rng.normal(size=(T, 80, N + m))
    r = rng.normal(size=(T, 80, 1))
    full, gradient = J.transpose(0, 2, 1) @ J, (J.transpose(0, 2, 1) @ r)[..., 0]
    return Normal(
        full[:, :N, :N], gradient[:, :N], full[:, :N, N:], full[:, N:, N:].sum(0), gradient[:, N:].sum(0), 1.0
    )


def head_of(rng: np.random.Generator, middle: bool) -> Head:
    """Two cameras; coefficients in the middle of their range, or many at its ends."""
    expression = np.full((T, E), 0.5) if middle else rng.choice([0.0, 0.001, 0.5, 1.0], (T, E))
    cameras = np.stack([FACING_CAMERA, FACING_CAMERA])
    cameras[:, :3, 3] = [[0.01, 0.02, 0.8], [0.1, 0.0, 0.9]]
    lenses = Lenses(cameras, np.full(2, 900.0), np.zeros((2, 2)), False, True, True)
    return Head(
        rng.normal(size=G),
        expression,
        rotation_matrices(rng.normal(0, 0.3, (T, 3))),
        rng.normal(0, 0.01, (T, 3)),
        lenses,
    )


def seen() -> Observations:
    empty = np.zeros((T, 0, 2))
    return Observations(np.arange(T), np.zeros(T, int), empty, np.zeros((T, 3, 3)), np.zeros((T, E)), np.zeros(T, bool))


def own_step(before: Head, after: Head) -> np.ndarray:
    """(T, N)."""
    turn = axis_angles(after.rotation @ before.rotation.transpose(0, 2, 1))
    return np.concatenate([turn, after.translation - before.translation, after.expression - before.expression], 1)


def dense_all(normal: Normal) -> np.ndarray:
    H = np.zeros((T * N + M, T * N + M))
    for t in range(T):
        rows = slice(t * N, (t + 1) * N)
        H[rows, rows], H[rows, T * N :], H[T * N :, rows] = normal.local[t], normal.cross[t], normal.cross[t].T
    H[T * N :, T * N :] = normal.shared
    return H


def second_differences(linked: np.ndarray) -> np.ndarray:
    """(T - 2, T)."""
    D = np.zeros((T - 2, T))
    for t in range(1, T - 1):
        if linked[t] and linked[t + 1]:
            D[t - 1, t - 1 : t + 2] = 1, -2, 1
    return D


def dense_motion(normal: Normal, head: Head, linked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hessian and gradient with smoothness, without damping."""
    D = second_differences(linked)
    sigma = np.concatenate([[0.012] * 3, [0.0012, 0.0012, 0.0036], [0.1] * E])
    H = np.zeros((T * N, T * N))
    for t in range(T):
        H[t * N : (t + 1) * N, t * N : (t + 1) * N] = normal.local[t]
    H += np.kron(D.T @ D, np.diag(1 / sigma**2))
    gradient = normal.local_gradient + D.T @ (np.concatenate(bends(linked, head), 1) / sigma)
    return H, gradient.ravel()


def bounded(H: np.ndarray, gradient: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The smallest x H x / 2 + gradient x within bounds."""
    from scipy.optimize import lsq_linear

    L = np.linalg.cholesky(H)
    return np.asarray(lsq_linear(L.T, -np.linalg.solve(L, gradient), (low, high), tol=1e-12).x)


def limits(head: Head, shared: int) -> tuple[np.ndarray, np.ndarray]:
    free = np.full((T, 6), np.inf)
    low, high = np.concatenate([-free, -head.expression], 1), np.concatenate([free, 1 - head.expression], 1)
    rest = np.full(shared, np.inf)
    return np.concatenate([low.ravel() - 1e-12, -rest]), np.concatenate([high.ravel() + 1e-12, rest])


def test_elimination_is_the_dense_solution() -> None:
    rng = np.random.default_rng(0)
    normal, head = normal_of(rng, True, 30.0), head_of(rng, True)
    pivot = np.array([0.0, 0.01, 0.1])
    moved = step_all(head, normal, DAMPING, seen(), pivot)
    H = dense_all(normal)
    H += DAMPING * np.diag(np.diag(H))
    expected = -np.linalg.solve(H, np.concatenate([normal.local_gradient.ravel(), normal.shared_gradient]))
    own, shared = expected[: T * N].reshape(T, N), expected[T * N :]
    heads, cameras = dolly(head, seen(), pivot)
    zoom = np.exp(shared[G]) - 1
    own[:, 3:6] += zoom * heads
    np.testing.assert_allclose(own_step(head, moved), own, atol=1e-9)
    np.testing.assert_allclose(moved.shape - head.shape, shared[:G], atol=1e-9)
    np.testing.assert_allclose(np.log(moved.lenses.focal / 900), shared[G], atol=1e-9)
    first, second = moved.lenses.T_camera_rig
    np.testing.assert_allclose(np.log(first[:3, 3] / head.lenses.T_camera_rig[0, :3, 3]), shared[G + 1], atol=1e-9)
    turn = rotation_matrices(shared[G + 2 : G + 5])
    np.testing.assert_allclose(second[:3, :3], turn @ head.lenses.T_camera_rig[1, :3, :3], atol=1e-9)
    place = turn @ head.lenses.T_camera_rig[1, :3, 3] * np.exp(shared[G + 1]) + shared[G + 5 :] + zoom * cameras[1]
    np.testing.assert_allclose(second[:3, 3], place, atol=1e-9)


@pytest.mark.parametrize("breaks", [(), (3,), (1, 4)])
def test_the_band_is_the_dense_solution(breaks: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    normal, head = normal_of(rng, False, 30.0), head_of(rng, True)
    head.rotation = rotation_matrices(rng.normal(0, 0.02, (T, 3)))
    linked = np.arange(T) > 0
    linked[list(breaks)] = False
    moved = step_motion(head, normal, DAMPING, linked)
    H, gradient = dense_motion(normal, head, linked)
    # Only what the landmarks say is damped.
    H += DAMPING * np.diag(normal.local[:, np.arange(N), np.arange(N)].ravel())
    expected = -np.linalg.solve(H, gradient).reshape(T, N)
    np.testing.assert_allclose(own_step(head, moved), expected, atol=1e-9)
    assert np.abs(expected[:, 6:]).max() < 0.5


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_timesteps_have_no_bend(count: int) -> None:
    rng = np.random.default_rng(1)
    normal, head = normal_of(rng, False, 30.0), head_of(rng, True)
    few = Normal(
        *(v[:count] for v in (normal.local, normal.local_gradient, normal.cross)), np.zeros((0, 0)), np.zeros(0), 1.0
    )
    start = replace(
        head, expression=head.expression[:count], rotation=head.rotation[:count], translation=head.translation[:count]
    )
    moved = step_motion(start, few, 0.0, np.arange(count) > 0)
    expected = -np.linalg.solve(few.local, few.local_gradient[..., None])[..., 0]
    np.testing.assert_allclose(own_step(start, moved), expected, atol=1e-9)


def predicted(H: np.ndarray, gradient: np.ndarray, step: np.ndarray) -> float:
    return float(gradient @ step + step @ H @ step / 2)


@pytest.mark.parametrize("seed", range(6))
def test_within_bounds_a_step_of_everything_is_nearly_the_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    normal, head = normal_of(rng, True, 3.0), head_of(rng, False)
    head.lenses = replace(head.lenses, free_focal=False)
    moved = step_all(head, normal, 1e-9, seen(), np.zeros(3))
    assert moved.expression.min() >= 0 and moved.expression.max() <= 1
    H, gradient = dense_all(normal), np.concatenate([normal.local_gradient.ravel(), normal.shared_gradient])
    best = bounded(H, gradient, *limits(head, M))
    own, shared = own_step(head, moved).ravel(), moved.shape - head.shape
    # The place of a camera after its turn is not the shift itself: what the shape and the timesteps do is compared.
    assert np.median(np.abs(own - best[: T * N])) < 0.1 * np.abs(best).max()
    step = best.copy()
    step[: T * N], step[T * N : T * N + G] = own, shared
    assert predicted(H, gradient, step) < 0.7 * predicted(H, gradient, best)


@pytest.mark.parametrize("seed", range(6))
def test_within_bounds_a_step_of_the_motion_is_nearly_the_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    normal, head, linked = normal_of(rng, False, 3.0), head_of(rng, False), np.arange(T) > 0
    head.rotation = rotation_matrices(rng.normal(0, 0.02, (T, 3)))
    moved = step_motion(head, normal, 1e-9, linked)
    H, gradient = dense_motion(normal, head, linked)
    best = bounded(H, gradient, *limits(head, 0))
    own = own_step(head, moved).ravel()
    assert predicted(H, gradient, own) < 0.9 * predicted(H, gradient, best) < 0


def test_coefficients_at_a_bound_that_pushes_stay_and_others_leave() -> None:
    rng = np.random.default_rng(4)
    normal, head = normal_of(rng, False, 30.0), head_of(rng, True)
    head.expression[:] = 0.0
    normal.local[:] = np.eye(N) * 100
    normal.local_gradient[:, 6:] = np.where(rng.random((T, E)) < 0.5, 5.0, -5.0)
    moved = step_motion(head, normal, 0.0, np.zeros(T, bool))
    np.testing.assert_allclose(moved.expression, np.where(normal.local_gradient[:, 6:] > 0, 0.0, 0.05), atol=1e-12)


def test_turns_are_limited() -> None:
    rng = np.random.default_rng(4)
    normal, head = normal_of(rng, False, 30.0), head_of(rng, True)
    normal.local[:] = np.eye(N)
    normal.local_gradient[:] = 0.0
    normal.local_gradient[:, 1] = -9.0
    moved = step_motion(head, normal, 0.0, np.zeros(T, bool))
    np.testing.assert_allclose(own_step(head, moved)[:, :3], [[0, 0.3, 0]] * T, atol=1e-9)


def test_a_longer_lens_keeps_the_size_of_the_heads_in_every_camera() -> None:
    """However large the step; a second camera sees all heads at their median distance."""
    rng = np.random.default_rng(5)
    normal, head = normal_of(rng, True, 30.0), head_of(rng, True)
    head.translation[:] = [0.01, 0.02, 0.03]
    head.lenses.T_camera_rig[1, :3, :3] = rotation_matrices(np.array([0.1, 0.7, 0.0])) @ FACING_CAMERA[:3, :3]
    pivot, s = np.array([0.0, 0.0, 0.1]), 0.25
    normal.local[:], normal.cross[:], normal.shared[:] = np.eye(N), 0.0, np.eye(M)
    normal.local_gradient[:], normal.shared_gradient[:] = 0.0, 0.0
    normal.shared_gradient[G] = -s

    def places(head: Head) -> np.ndarray:
        T_camera_rig = head.lenses.T_camera_rig
        return T_camera_rig[:, None, :3, 3] + np.einsum(
            "cij,tj->cti", T_camera_rig[:, :3, :3], pivot + head.translation
        )

    moved = step_all(head, normal, 0.0, seen(), pivot)
    before, after = places(head), places(moved)
    np.testing.assert_allclose(moved.lenses.focal, 900 * np.exp(s))
    np.testing.assert_allclose(after[..., 2], before[..., 2] * np.exp(s), rtol=1e-9)
    np.testing.assert_allclose(after[..., :2], before[..., :2], atol=1e-9)


def test_takes_of_one_camera_are_each_before_their_own() -> None:
    """Two clips: every head moves along the view of the camera that saw it, and no camera moves."""
    head = head_of(np.random.default_rng(5), True)
    head.lenses = replace(head.lenses, free_place=False)
    head.lenses.T_camera_rig[1, :3, :3] = rotation_matrices(np.array([0.0, 1.0, 0.0])) @ FACING_CAMERA[:3, :3]
    clips = replace(seen(), camera=np.arange(T) // 4)
    heads, cameras = dolly(head, clips, np.zeros(3))
    assert not cameras.any()
    for t in range(T):
        R, at = np.split(head.lenses.T_camera_rig[t // 4, :3], [3], axis=1)
        depth = (R @ head.translation[t] + at[:, 0])[2]
        np.testing.assert_allclose(R @ heads[t], [0, 0, depth], atol=1e-12)


def test_bends_of_a_steady_head_are_zero_and_of_a_nod_are_not() -> None:
    rng = np.random.default_rng(6)
    head, linked = head_of(rng, True), np.arange(T) > 0
    head.rotation = rotation_matrices(np.arange(T)[:, None] * [0.0, 0.05, 0.0])
    head.translation = np.arange(T)[:, None] * np.array([0.001, 0, 0.002])
    head.expression = np.linspace(0.1, 0.9, T)[:, None] * np.ones(E)
    for bend in bends(linked, head):
        np.testing.assert_allclose(bend, 0, atol=1e-9)
    head.expression[3] += 0.1
    turn, place, expression = bends(linked, head)
    np.testing.assert_allclose(expression[:, 0], np.array([0, 1, -2, 1, 0]) * 0.1 / steps.SMOOTH_EXPRESSION, atol=1e-9)
    linked[3] = False
    assert not bends(linked, head)[2][[1, 2]].any() and bends(linked, head)[2][3].all()
    assert turn.shape == place.shape == (T - 2, 3)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking import shape_prior
from splatavatar.capture.tracking.shape_prior import CHANGE_SIGMA, MIRROR, PHENOTYPE_SIGMA, SIDES, WAVES, ShapePrior
from splatavatar.rig.rig import Rig

NAMES = ("age", "nose-hump-incr", "l-cheek-up", "r-cheek-up")


@pytest.fixture(scope="module")
def small() -> Rig:
    """A head of 200 vertices, mirrored, with a neck of ten that the head does not carry; four identity parameters."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(100, 3))
    half = 0.09 * half / np.linalg.norm(half, axis=1, keepdims=True)
    half[:, 0] = np.abs(half[:, 0]) + 0.001
    points = np.concatenate([half, half * [-1, 1, 1], rng.normal(0, 0.01, (10, 3)) - [0, 0.2, 0]])
    V = len(points)
    identity = rng.normal(0, 0.003, (len(NAMES), V, 3))
    joints = np.zeros((V, 4), np.int32)
    joints[:200, 0] = 1
    weights = np.zeros((V, 4), np.float32)
    weights[:, 0] = 1.0
    return Rig(
        kind="small",
        template=points.astype(np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        uv=np.zeros((1, 3, 2), np.float32),
        identity_basis=identity.astype(np.float32),
        identity_names=NAMES,
        expression_basis=np.zeros((0, V, 3), np.float32),
        expression_names=(),
        joints=np.zeros((2, 3), np.float32),
        joint_identity_basis=np.zeros((4, 2, 3), np.float32),
        joint_names=("root", "head"),
        parents=np.array([-1, 0], np.int32),
        skin_joints=joints,
        skin_weights=weights,
        arkit_map=np.zeros((0, 52), np.float32),
        head_chain=((1, 1.0),),
        eye_joints=(-1, -1),
    )


def dense(rig: Rig, known: bool) -> np.ndarray:
    """(3 V, 3 V) covariance of the head's vertices, from the definitions alone."""
    points = rig.template[:200].astype(np.float64)
    mirror = np.array([-1.0, 1.0, 1.0])
    total = np.zeros((200, 3, 200, 3))
    for axis in range(3):
        for v in range(200):
            here = ((points - points[v]) ** 2).sum(1)
            there = ((points * mirror - points[v]) ** 2).sum(1)
            for amplitude, length in WAVES:
                waves = np.exp(-here / (2 * length**2)) + MIRROR * mirror[axis] * np.exp(-there / (2 * length**2))
                total[v, axis, :, axis] += amplitude**2 * waves
    if known:
        P = np.diag([PHENOTYPE_SIGMA**2, CHANGE_SIGMA**2, CHANGE_SIGMA**2, CHANGE_SIGMA**2])
        P[2, 3] = P[3, 2] = SIDES * CHANGE_SIGMA**2
        basis = rig.identity_basis[:, :200].astype(np.float64)
        basis = basis - basis.mean(1, keepdims=True)
        total += np.einsum("iva,ij,jwb->vawb", basis, P, basis)
    return total.reshape(600, 600)


def covariance(prior: ShapePrior) -> np.ndarray:
    flat = prior.modes[:, :200].reshape(len(prior.modes), -1)
    return np.asarray(flat.T @ flat)


def test_all_modes_of_a_small_head_are_the_dense_process(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_prior, "MODES", 1000)
    still = replace(small, identity_basis=np.zeros_like(small.identity_basis))
    expected = dense(still, False)
    np.testing.assert_allclose(covariance(ShapePrior.of(still)), expected, atol=1e-5 * expected.max())


def test_with_the_identity_it_is_the_sum(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_prior, "MODES", 1000)
    expected = dense(small, True)
    np.testing.assert_allclose(covariance(ShapePrior.of(small)), expected, atol=1e-5 * expected.max())


def test_the_posterior_is_that_of_the_dense_process(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ridge regression on the coefficients against Gaussian process regression; without data it is the mean."""
    monkeypatch.setattr(shape_prior, "MODES", 1000)
    prior, K, sigma = ShapePrior.of(small), dense(small, True), 0.001
    flat = prior.modes[:, :200].reshape(len(prior.modes), -1)
    rows = np.arange(0, 600, 7)
    y = np.random.default_rng(3).normal(0, 0.003, len(rows))
    A = flat[:, rows].T / sigma
    coefficients = np.linalg.solve(A.T @ A + np.eye(len(flat)), A.T @ y / sigma)
    expected = K[:, rows] @ np.linalg.solve(K[np.ix_(rows, rows)] + sigma**2 * np.eye(len(rows)), y)
    np.testing.assert_allclose(coefficients @ flat, expected, atol=1e-6)
    assert np.abs(expected).max() > 0.001


def test_few_modes_keep_what_matters(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_prior, "MODES", 60)
    kept, expected = covariance(ShapePrior.of(small)), dense(small, True)
    assert np.trace(kept) < np.trace(expected)
    # The best sixty directions there are, but for those that half of them per axis leave out.
    energy = np.linalg.eigvalsh(expected)[::-1]
    assert np.trace(kept) > 0.9 * energy[:60].sum()
    assert np.linalg.eigvalsh(expected - kept).min() > -1e-4 * energy[0]


def test_identity_is_what_the_modes_say(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the process, the shape of a coefficient is that of its identity parameters."""
    monkeypatch.setattr(shape_prior, "_process", lambda rig, head: np.zeros((0, len(rig.template), 3)))
    prior = ShapePrior.of(small)
    basis = small.identity_basis.astype(np.float64)
    basis -= basis[:, :200].mean(1, keepdims=True)
    np.testing.assert_allclose(prior.modes, np.tensordot(prior.identity, basis, 1), atol=1e-12)
    P = prior.identity.T @ prior.identity
    assert P[0, 0] == pytest.approx(PHENOTYPE_SIGMA**2) and P[1, 1] == pytest.approx(CHANGE_SIGMA**2)
    assert P[2, 3] == pytest.approx(SIDES * CHANGE_SIGMA**2)


def test_what_the_head_does_not_carry_is_not_moved_by_the_process(small: Rig) -> None:
    share = shape_prior.head_share(small)
    assert (share[:200] == 1).all() and (share[200:] == 0).all()


@pytest.fixture(scope="module")
def prior(mean_head: Rig) -> ShapePrior:
    return ShapePrior.of(mean_head)


def test_samples_of_a_head_are_smooth(mean_head: Rig, prior: ShapePrior) -> None:
    """Neighbours, a few millimetres apart, move together, and nobody is made of clay."""
    rng = np.random.default_rng(0)
    samples = np.tensordot(rng.normal(size=(20, len(prior.modes))), prior.modes, 1)
    head = shape_prior.head_share(mean_head) > 0.99
    skin = mean_head.faces[mean_head.regions["skin"]]
    a, b = skin[:, 0], skin[:, 1]
    near = np.linalg.norm(mean_head.template[a] - mean_head.template[b], axis=1) < 0.005
    a, b = a[near & head[a] & head[b]], b[near & head[a] & head[b]]
    apart, moved = np.linalg.norm(samples[:, a] - samples[:, b], axis=-1), np.linalg.norm(samples[:, a], axis=-1)
    assert np.sqrt((apart**2).mean()) < 0.25 * np.sqrt((moved**2).mean())
    assert 0.002 < np.sqrt((moved**2).mean()) < 0.02


def test_samples_of_a_head_lean_towards_symmetry(mean_head: Rig, prior: ShapePrior) -> None:
    from scipy.spatial import KDTree

    points = mean_head.template.astype(np.float64)
    mirror = np.array([-1.0, 1.0, 1.0])
    distance, other = KDTree(points).query(points * mirror)
    at = np.flatnonzero((distance < 1e-3) & (np.abs(points[:, 0]) > 0.02) & (shape_prior.head_share(mean_head) > 0.99))
    assert len(at) > 1000
    here, there = prior.modes[:, at], prior.modes[:, other[at]] * mirror
    correlation = (here * there).sum((0, 2)) / np.sqrt((here**2).sum((0, 2)) * (there**2).sum((0, 2)))
    assert np.median(correlation) > MIRROR
    assert correlation.max() < 0.9999  # leaning, not leaning on it


def test_as_many_modes_as_are_kept(mean_head: Rig, prior: ShapePrior) -> None:
    assert prior.modes.shape == (shape_prior.MODES, len(mean_head.template), 3)
    assert prior.identity.shape == (shape_prior.MODES, len(mean_head.identity_names))
    head = shape_prior.head_share(mean_head) > 0.5
    flat = prior.modes[:, head].reshape(len(prior.modes), -1)
    gram = flat @ flat.T
    energy = np.diag(gram)
    assert (np.diff(energy) <= 1e-12).all()  # the strongest first
    assert np.abs(gram - np.diag(energy)).max() < 1e-6 * energy[0]  # and at right angles

"""The quadratic model of the cost against finite differences of the cost and of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking import fit as module
from splatavatar.capture.tracking.fit import NOISE, OUTLIER, PAIR_NOISE, SHARE, LandmarkFit
from splatavatar.capture.tracking.landmark_model import IRIS, OVAL, PAIRS, LandmarkModel
from splatavatar.capture.tracking.observations import Lenses, Observations
from splatavatar.capture.tracking.shape_prior import ShapePrior
from splatavatar.capture.tracking.steps import dolly, moved
from splatavatar.capture.tracking.unknowns import Head
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.rig import Rig
from splatavatar.rotations import axis_angles, rotation_matrices
from support.synthetic_track import FOCAL, Take, movement, take
from support.synthetic_track import NOISE as SEEN_NOISE

G, E = 4, 52
KINDS = {
    "turn": slice(0, 3),
    "place": slice(3, 6),
    "expression": slice(6, 6 + E),
    "shape": slice(6 + E, 6 + E + G),
    "focal": slice(6 + E + G, 7 + E + G),
    "scale": slice(7 + E + G, 8 + E + G),
    "camera turn": slice(8 + E + G, 11 + E + G),
    "camera place": slice(11 + E + G, 14 + E + G),
}
"""unknowns of a timestep, then those that all share"""


def frozen(fit: LandmarkFit) -> LandmarkFit:
    """``fit`` whose trust in landmarks does not depend on the pose, as a step takes it to be."""
    rng = np.random.default_rng(5)
    trust = rng.uniform(0.1, 1.0, fit.observations.pixels.shape[:2])
    fit.facing = lambda head, seen, rows: trust[rows]  # type: ignore[method-assign]
    return fit


@pytest.fixture(scope="module")
def model(mean_head: Rig) -> LandmarkModel:
    """With four directions of shape."""
    rng = np.random.default_rng(2)
    known = mean_head.identity_basis[rng.choice(len(mean_head.identity_basis), 40, replace=False)]
    modes = np.tensordot(rng.normal(0, 0.3, (G, 40)), known, 1)
    return LandmarkModel.of(mean_head, ShapePrior(modes, np.zeros((G, 0))))


@pytest.fixture(scope="module")
def fit(model: LandmarkModel, pair: Take) -> LandmarkFit:
    """Of three timesteps, seen by two cameras."""
    return frozen(LandmarkFit(model, pair.seen.of_timesteps(np.array([0, 6, 11]))))


@pytest.fixture(scope="module")
def head(fit: LandmarkFit, pair: Take) -> Head:
    """Not far from the truth, off every bound, everything free."""
    rng = np.random.default_rng(1)
    lenses = pair.lenses(free_focal=True, free_scale=True)
    start = fit.start(lenses)
    start.lenses = replace(lenses, free_place=True)
    start.expression = rng.uniform(0.2, 0.6, start.expression.shape)
    start.shape = rng.normal(0, 0.5, G)
    return start


def shifted(fit: LandmarkFit, head: Head, timestep: int, way: np.ndarray) -> Head:
    """``head`` after a step ``way`` (6 + E + shared) of one timestep and of what all share."""
    own = np.zeros((len(head.expression), 6 + E))
    own[timestep] = way[: 6 + E]
    return moved(head, own, way[6 + E :], dolly(head, fit.observations, fit.model.pivot))


@pytest.mark.parametrize("timestep", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_that_of_the_cost(fit: LandmarkFit, head: Head, kind: str, timestep: int) -> None:
    normal = fit._normal(head, True)
    gradient = np.concatenate([normal.local_gradient[timestep], normal.shared_gradient])
    rng = np.random.default_rng(7)
    way, h = np.zeros(len(gradient)), 1e-5
    way[KINDS[kind]] = rng.normal(size=way[KINDS[kind]].shape)
    up, down = (fit._normal(shifted(fit, head, timestep, s * h * way), True).cost for s in (1, -1))
    assert gradient @ way == pytest.approx((up - down) / (2 * h), rel=2e-3, abs=1e-2)


def numbers(fit: LandmarkFit, head: Head) -> np.ndarray:
    """(N, L, 2) pixels."""
    rows = slice(0, len(fit.span))
    return module._seen(fit, head, fit.model.points(head.shape, head.expression), rows).pixels


def test_hessian_is_that_of_weighted_differences_of_pixels(fit: LandmarkFit, head: Head) -> None:
    """Gauss-Newton with the weights of Geman-McClure, rebuilt from pixels alone."""
    timestep, h = 1, 1e-5
    normal = fit._normal(head, True)
    count = 6 + E + len(normal.shared)
    jacobian = np.empty((*fit.observations.pixels.shape, count))
    for i, way in enumerate(np.eye(count)):
        ends = [numbers(fit, shifted(fit, head, timestep, s * h * way)) for s in (1, -1)]
        jacobian[..., i] = (ends[0] - ends[1]) / (2 * h)
    residual = numbers(fit, head) - fit.observations.pixels
    facing = fit.facing(head, None, slice(None))  # type: ignore[arg-type]
    trust = np.ones(478)
    trust[IRIS], trust[list(OVAL)] = 0.5, 0.25
    a, b = PAIRS.T
    parts = (
        (residual, jacobian, SHARE * trust * facing, NOISE),
        (
            residual[:, a] - residual[:, b],
            jacobian[:, a] - jacobian[:, b],
            SHARE * np.minimum(facing[:, a], facing[:, b]),
            PAIR_NOISE,
        ),
    )
    both, shared = np.zeros((count, count)), np.zeros((count, count))
    for r, j, weight, noise in parts:
        unit = noise * fit.span[:, None]
        w = weight / (1 + (r**2).sum(-1) / (OUTLIER * unit) ** 2) ** 2 / unit**2
        each = np.einsum("nl,nlki,nlkj->nij", w, j, j, optimize=True)
        both += each[fit.observations.timestep == timestep].sum(0)
        shared += each.sum(0)
    n = 6 + E
    prior = np.zeros(n)
    prior[6:] = 1 / module.FIRM_SCORE_SIGMA**2
    rest = np.concatenate([np.full(G, module.SHAPE_WEIGHT), np.full(count - n - G, 1 / module.REST_SIGMA**2)])
    for found, expected in (
        (normal.local[timestep], both[:n, :n] + np.diag(prior)),
        (normal.cross[timestep], both[:n, n:]),
        (normal.shared, shared[n:, n:] + np.diag(rest)),
    ):
        scale = np.sqrt(np.outer(*(np.abs(expected).max(axis) for axis in (1, 0))))
        assert (np.abs(found - expected) <= 2e-3 * scale + 1e-9).all()


def test_what_is_not_free_has_no_say(fit: LandmarkFit, head: Head) -> None:
    fixed = replace(head, lenses=replace(head.lenses, free_focal=False, free_scale=False, free_place=False))
    normal = fit._normal(fixed, True)
    assert not normal.shared_gradient[G:].any() and not normal.cross[..., G:].any()
    fitted = fit.fit_shape(fixed, 3)
    np.testing.assert_array_equal(fitted.lenses.T_camera_rig, head.lenses.T_camera_rig)
    np.testing.assert_array_equal(fitted.lenses.focal, head.lenses.focal)
    assert np.abs(fitted.shape - head.shape).max() > 0.01


def test_every_iteration_of_a_fit_improves_it(model: LandmarkModel, pair: Take) -> None:
    """Of the shape, with everything free, and of the motion; with the trust as it really is."""
    fit = LandmarkFit(model, pair.seen)
    start = fit.start(pair.lenses(free_focal=True))
    for improve, shared in ((fit.fit_shape, True), (fit.fit_motion, False)):
        costs = [fit._normal(start, shared).cost]
        costs += [fit._normal(improve(start, n), shared).cost for n in (1, 2, 3, 6)]
        assert (np.diff(costs) <= 0).all() and costs[2] < 0.5 * costs[0]


def test_far_outliers_pull_at_nothing(model: LandmarkModel, pair: Take) -> None:
    """Their weight falls with the fourth power of the distance."""
    seen = pair.seen.of_timesteps(np.array([3]))
    pixels = seen.pixels.copy()
    pixels[:, 61] += 400.0
    fit, other = (frozen(LandmarkFit(model, replace(seen, pixels=p))) for p in (seen.pixels, pixels))
    other.span = fit.span
    head = fit.start(pair.lenses())
    at, near = fit._normal(head, False), other._normal(head, False)
    scale = np.sqrt(np.diag(at.local[0]))
    # Against the pull of a single landmark, one standard deviation off.
    assert np.abs((near.local_gradient - at.local_gradient)[0] / scale).max() < 1.0
    assert near.cost - at.cost < 2 * SHARE * OUTLIER**2 / 2


def test_errors_are_distances_in_eye_spans(model: LandmarkModel, clip: Take, someone: Rig) -> None:
    fit = LandmarkFit(LandmarkModel.of(someone, None), clip.seen)
    truth = Head(
        np.zeros(0),
        clip.expression,
        rotation_matrices(clip.turn),
        np.zeros_like(clip.turn),
        clip.lenses(),
    )
    model_points = fit.model.points(truth.shape, truth.expression)
    # Where the pivot is in truth: the rig turns about its neck.
    truth.translation = (clip.points - np.einsum("tij,tlj->tli", truth.rotation, model_points)).mean(
        1
    ) - fit.model.pivot
    errors = fit.errors(truth)
    assert errors.shape == clip.seen.pixels.shape[:2]
    # Of a two-dimensional normal distribution; jaw and outline do not quite turn with the head.
    assert np.median(errors) == pytest.approx(SEEN_NOISE * np.sqrt(2 * np.log(2)), rel=0.1)


def test_habits_are_what_stays_the_same_in_every_picture(clip: Take, someone: Rig) -> None:
    """A detector that puts the left corner of the mouth half a millimetre too high, at another place every third time
    an eyebrow, and all else as it is."""
    model, frames = LandmarkModel.of(someone, None), np.arange(0, 40, 2)
    seen = clip.seen.of_timesteps(frames)
    pixels, unit = seen.pixels.copy(), FOCAL * 0.0005 / clip.in_camera()[frames][..., 2]
    pixels[:, 291, 1] -= unit[:, 291]
    pixels[::2, 105, 1] -= unit[::2, 105]
    pixels[1::2, 105, 1] += unit[1::2, 105]

    def habits(pixels: np.ndarray) -> np.ndarray:
        fit = LandmarkFit(model, replace(seen, pixels=pixels))
        return fit.habits(fit.fit_motion(fit.start(clip.lenses())))

    found = habits(pixels) - habits(seen.pixels)
    assert found[291, 1] == pytest.approx(0.0005, rel=0.35)
    assert np.abs(np.delete(found, 291, 0)).max() < 0.0001


def test_what_is_turned_away_is_not_trusted(clip: Take, someone: Rig) -> None:
    model = LandmarkModel.of(someone, None)
    turned = replace(clip.seen.of_timesteps(np.array([0])))
    fit = LandmarkFit(model, turned)
    head = fit.start(clip.lenses())
    head.rotation[0] = rotation_matrices(np.array([0.0, np.radians(70), 0.0]))
    rows = slice(0, 1)
    seen = module._seen(fit, head, model.points(head.shape, head.expression), rows)
    facing = fit.facing(head, seen, rows)[0]
    # Turned to the subject's left, the right side of the face shows.
    assert facing[234] == 1.0 and facing[454] == module.LEAST_TRUST
    assert ((facing >= module.LEAST_TRUST) & (facing <= 1)).all()


def test_scores_count_from_what_the_face_scores_at_rest(clip: Take) -> None:
    goal = module._mean_scores(clip.seen)
    assert clip.seen.scores[:, INDEX["browInnerUp"]].mean() > 0.3
    assert goal[:, INDEX["browInnerUp"]].mean() < 0.1
    smile = INDEX["mouthSmileLeft"]
    assert np.corrcoef(goal[:, smile], clip.expression[:, smile])[0, 1] > 0.95
    assert (goal >= 0).all() and (goal <= 1).all()


def test_scores_of_cameras_are_averaged() -> None:
    scores = np.zeros((4, 2))
    scores[:, 0] = [0.2, 0.4, 0.0, 0.0]
    seen = Observations(
        np.array([0, 0, 1, 1]),
        np.array([0, 1, 0, 1]),
        np.zeros((4, 478, 2)),
        np.zeros((4, 3, 3)),
        scores,
        np.zeros(2, bool),
    )
    rest = 0.03  # a tenth of the way from 0 to 0.3
    assert module._mean_scores(seen)[:, 0] == pytest.approx([(0.3 - rest) / (1 - rest), 0.0])


def test_the_start_is_near(clip: Take, someone: Rig) -> None:
    fit = LandmarkFit(LandmarkModel.of(someone, None), clip.seen)
    head = fit.start(clip.lenses())
    off = axis_angles(head.rotation @ rotation_matrices(clip.turn).transpose(0, 2, 1))
    assert np.median(np.linalg.norm(off, axis=1)) < 0.08
    points = np.einsum("tij,tlj->tli", head.rotation, fit.model.points(head.shape, head.expression))
    points += (fit.model.pivot + head.translation)[:, None]
    assert np.median(np.linalg.norm(points.mean(1) - clip.points.mean(1), axis=1)) < 0.02


def test_lenses_that_are_known_do_not_change(clip: Take, someone: Rig) -> None:
    fit = LandmarkFit(LandmarkModel.of(someone, None), clip.seen)
    lenses: Lenses = clip.lenses()
    assert fit.start(lenses).lenses is lenses
    assert take(someone, *movement(1)).lenses().focal.tolist() == [FOCAL]


def test_a_camera_that_goes_round_a_head_is_no_unknown(mean_head: Rig, clip: Take) -> None:
    """Thousands of known places were six unknowns each: gigabytes, for a head whose shape they do not change."""
    lenses, steps = clip.lenses(), np.arange(0, 40, 4)
    model = LandmarkModel.of(mean_head, ShapePrior.of(mean_head))
    seen = clip.seen.of_timesteps(steps)
    many = replace(
        lenses,
        T_camera_rig=np.repeat(lenses.T_camera_rig, 500, 0),
        focal=np.repeat(lenses.focal, 500),
        centre=np.repeat(lenses.centre, 500, 0),
    )
    going = LandmarkFit(model, replace(seen, camera=50 * np.arange(len(steps))))
    head = going.start(many)
    assert len(going._normal(head, True).shared) == len(model.shape) + 2
    found, wanted = going.fit_shape(head, 3), LandmarkFit(model, seen)
    np.testing.assert_allclose(found.shape, wanted.fit_shape(wanted.start(lenses), 3).shape, atol=1e-5)
    assert replace(many, free_place=True).moved == 499

"""ARKit coefficients on a rig, and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import arkit_of, show_arkit
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig


def shown(rig: Rig, arkit: np.ndarray) -> PoseParameters:
    parameters = PoseParameters.neutral(rig)
    show_arkit(rig, arkit.astype(np.float32), parameters)
    return parameters


def with_map(rig: Rig, seed: int = 0, coefficients: int = 4) -> Rig:
    """``rig`` whose expressions mix a few coefficients, of which the last turns the jaw as well."""
    rng = np.random.default_rng(seed)
    mixed = np.zeros((len(rig.expression_names), 52), np.float32)
    mixed[:, :coefficients] = rng.normal(size=(len(mixed), coefficients))
    turns = np.zeros((len(rig.joints), 3, 52), np.float32)
    turns[3, :, coefficients - 1] = [0.3, 0.0, -0.1]
    return replace(rig, arkit_map=mixed, arkit_joint_map=turns)


def test_coefficients_move_the_expression_and_turn_joints_further(small_rig: Rig) -> None:
    rig = with_map(small_rig)
    arkit = np.random.default_rng(1).uniform(size=52).astype(np.float32)
    parameters = PoseParameters.neutral(rig)
    parameters.joint_rotations[3] = [0.1, 0.2, 0.3]
    show_arkit(rig, arkit, parameters)
    assert rig.arkit_joint_map is not None
    np.testing.assert_allclose(parameters.expression, rig.arkit_map @ arkit, rtol=1e-5)
    turned = np.array([0.1, 0.2, 0.3]) + arkit[3] * np.array([0.3, 0, -0.1])
    np.testing.assert_allclose(parameters.joint_rotations[3], turned, atol=1e-6)
    assert not parameters.joint_rotations[:3].any()


def test_expressions_that_are_coefficients_come_back_as_they_are(small_rig: Rig) -> None:
    chosen = [INDEX[name] for name in ("jawOpen", "browInnerUp", "mouthPucker", "tongueOut", "eyeBlinkLeft")]
    rig = replace(small_rig, arkit_map=np.eye(52, dtype=np.float32)[chosen])
    expression = np.random.default_rng(0).normal(0, 2, (7, 5)).astype(np.float32)
    expression[3, 2] = np.nan
    found = arkit_of(rig, expression)
    np.testing.assert_array_equal(found[:, chosen], expression)
    assert not np.delete(found, chosen, axis=1).any()


def test_anny_gives_back_every_coefficient(mean_head: Rig) -> None:
    expression = np.random.default_rng(0).uniform(size=(3, 52)).astype(np.float32)
    np.testing.assert_array_equal(arkit_of(mean_head, expression, np.zeros((3, len(mean_head.joints), 3))), expression)


def test_mixed_expressions_and_a_jaw_that_turns_come_back(small_rig: Rig) -> None:
    rig = with_map(small_rig)
    arkit = np.zeros((20, 52))
    arkit[:, :4] = np.random.default_rng(2).uniform(size=(20, 4))
    poses = [shown(rig, row) for row in arkit]
    found = arkit_of(rig, [p.expression for p in poses], [p.joint_rotations for p in poses])
    np.testing.assert_allclose(found, arkit, atol=2e-3)


def test_only_the_jaw_tells_two_coefficients_apart(small_rig: Rig) -> None:
    turns = np.zeros((4, 3, 52), np.float32)
    turns[3, 0, INDEX["jawOpen"]], turns[3, 1, INDEX["jawLeft"]] = 0.4, 0.2
    rig = replace(small_rig, arkit_map=np.zeros((5, 52), np.float32), arkit_joint_map=turns)
    rotations = np.zeros((2, 4, 3), np.float32)
    rotations[0, 3] = [0.2, 0.0, 0.0]
    rotations[1, 3] = [0.0, 0.1, 0.0]
    rotations[:, 2] = 0.7  # turns the head, which is no coefficient's
    found = arkit_of(rig, np.zeros((2, 5)), rotations)
    np.testing.assert_allclose(found[:, [INDEX["jawOpen"], INDEX["jawLeft"]]], [[0.5, 0], [0, 0.5]], atol=1e-3)
    assert np.count_nonzero(found > 1e-6) == 2


def test_the_fit_is_the_nearest_face_within_the_bounds(small_rig: Rig) -> None:
    rig = replace(with_map(small_rig), arkit_joint_map=None)
    expression = np.random.default_rng(4).normal(0, 1.5, (10, 5))
    basis = rig.expression_basis.reshape(5, -1).T.astype(np.float64)
    columns = basis @ rig.arkit_map[:, :4]
    for found, given in zip(arkit_of(rig, expression), expression, strict=True):
        nearest = lsq_linear(columns, basis @ given, (0, 1)).x
        best, ours = (np.linalg.norm(columns @ x - basis @ given) for x in (nearest, found[:4]))
        assert ours <= best * 1.001 + 1e-4
        assert (found >= 0).all() and (found <= 1).all()


def test_more_calm_makes_faces_fainter_and_keeps_apart_what_is_alike(small_rig: Rig) -> None:
    rig = with_map(small_rig)
    mixed = rig.arkit_map.copy()
    mixed[:, 1] = 1.02 * mixed[:, 0] + 0.02 * mixed[:, 2]  # which moves the face as the first does, nearly
    rig = replace(rig, arkit_map=mixed)
    arkit = np.zeros((1, 52))
    arkit[0, 0] = 0.5
    other = arkit @ rig.arkit_map.T + np.random.default_rng(2).normal(0, 0.02, (1, len(mixed)))
    sizes = [np.linalg.norm(arkit_of(rig, other, None, calm)) for calm in (1e-4, 1e-2, 1.0)]
    assert sizes[0] > sizes[1] > sizes[2] > 0
    shared = arkit_of(rig, other, None, 1e-2)[0, :2]
    assert shared.sum() == pytest.approx(0.5, abs=0.1) and abs(shared[0] - shared[1]) < 0.1


def test_turns_count_as_they_move_the_vertices(small_rig: Rig) -> None:
    """The square that the fit works with is that of posed vertices, for small turns."""
    from splatavatar.rig.arkit_map import _gram

    gram, moved = _gram(small_rig, np.array([1, 3])), np.array([1, 3])
    small = 1e-4 * np.random.default_rng(5).normal(size=5 + 6)
    parameters = PoseParameters.neutral(small_rig)
    parameters.expression[:] = small[:5]
    parameters.joint_rotations[moved] = small[5:].reshape(2, 3)
    way = pose_numpy(small_rig, parameters).astype(np.float64) - small_rig.template
    assert (way**2).sum() == pytest.approx(small @ gram @ small, rel=1e-2)


def test_frames_that_are_no_numbers_stay_so_and_a_rig_without_a_map_shows_nothing(small_rig: Rig) -> None:
    rig = with_map(small_rig)
    expression = np.zeros((3, 5))
    expression[1, 2] = np.nan
    found = arkit_of(rig, expression)
    assert np.isnan(found[1]).all() and np.isfinite(found[[0, 2]]).all()
    nothing = replace(small_rig, arkit_map=np.zeros((5, 52), np.float32))
    assert not arkit_of(nothing, np.ones((2, 5))).any()
    assert arkit_of(rig, np.zeros((0, 5))).shape == (0, len(NAMES))


def test_bounds_are_those_of_the_rig(small_rig: Rig) -> None:
    low, high = small_rig.expression_bounds
    assert low.tolist() == [0] * 5 and high.tolist() == [1] * 5
    wide = np.array([[-3, 3]] * 5, np.float32)
    low, high = replace(small_rig, expression_range=wide).expression_bounds
    assert low.tolist() == [-3] * 5 and high.tolist() == [3] * 5

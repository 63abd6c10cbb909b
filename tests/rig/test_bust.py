"""The bust against the head that it contains, and its extent."""

import numpy as np
import pytest

from splatavatar.rig import landmarks
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

SOMEBODY = {
    "gender": 0.2,
    "age": 0.8,
    "weight": 0.7,
    "height": 0.6,
    "chin-prominent-incr": 0.5,
    "l-foot-scale-incr": 1.0,  # moves nothing of either rig
}


@pytest.fixture(scope="module")
def head() -> Rig:
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head", SOMEBODY)


@pytest.fixture(scope="module")
def bust(head: Rig) -> Rig:
    return load_rig("anny-bust", SOMEBODY)


def of_head(head: Rig, bust: Rig) -> np.ndarray:
    """(V) for each vertex of the head the one of the bust: the torso stands before the teeth."""
    teeth = np.unique(head.faces[np.concatenate([head.regions["teeth_upper"], head.regions["teeth_lower"]])])
    place = np.arange(len(head.template))
    place[teeth] += len(bust.template) - len(head.template)
    return place


def skin_border(rig: Rig) -> np.ndarray:
    """Vertices where the surface of the body ends."""
    names = ("skin", "lips", "mouth", "eye_sockets")
    faces = rig.faces[np.concatenate([rig.regions[name] for name in names])]
    sides, count = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0, return_counts=True)
    assert count.max() == 2
    return np.unique(sides[count == 1])


def test_contains_the_head_in_place(head: Rig, bust: Rig) -> None:
    place = of_head(head, bust)
    np.testing.assert_allclose(bust.template[place], head.template, atol=1e-7)
    np.testing.assert_allclose(bust.expression_basis[:, place], head.expression_basis, atol=1e-10)
    torso, count = len(bust.regions["torso"]), len(head.faces) - len(head.regions["teeth_upper"]) * 2
    np.testing.assert_array_equal(bust.faces[:count], head.faces[:count])
    np.testing.assert_array_equal(bust.faces[count + torso :], place[head.faces[count:]])
    for name, joint in zip(head.joint_names, head.joints, strict=True):
        np.testing.assert_allclose(bust.joints[bust.joint_names.index(name)], joint, atol=1e-7)
    for name, points in head.landmarks.items():
        on_head = landmarks.positions(points, head.template, head.faces)
        on_bust = landmarks.positions(bust.landmarks[name], bust.template, bust.faces)
        np.testing.assert_allclose(on_bust, on_head, atol=1e-6)


def test_poses_the_head_as_the_head_does(head: Rig, bust: Rig) -> None:
    random = np.random.default_rng(0)
    ours, theirs = PoseParameters.neutral(bust), PoseParameters.neutral(head)
    ours.expression[:] = theirs.expression[:] = random.random(52) * 0.5
    for name in head.joint_names:
        turn = random.normal(0, 0.3, 3)
        ours.joint_rotations[bust.joint_names.index(name)] = turn
        theirs.joint_rotations[head.joint_names.index(name)] = turn
    posed = pose_numpy(bust, ours)[of_head(head, bust)]
    np.testing.assert_allclose(posed, pose_numpy(head, theirs), atol=1e-6)


def test_has_the_regions_of_the_head_and_a_torso(head: Rig, bust: Rig) -> None:
    parts = ("eyelids", "ears", "neck", "scalp", "torso")
    whole = [faces for name, faces in bust.regions.items() if name not in parts]
    np.testing.assert_array_equal(np.sort(np.concatenate(whole)), np.arange(len(bust.faces)))
    assert set(bust.regions) == {*head.regions, "torso"}
    assert not set(bust.regions["torso"]) - set(bust.regions["skin"])
    for name, faces in head.regions.items():
        if not name.startswith("teeth"):
            np.testing.assert_array_equal(bust.regions[name][: len(faces)], faces)


def test_reaches_to_the_lower_border_of_a_picture_of_head_and_shoulders() -> None:
    pytest.importorskip("anny")
    for identity in ({}, {"age": 0.7, "gender": 0.0, "height": 0.8, "weight": 0.7}, {"age": 1.0, "height": 0.2}):
        rig = load_rig("anny-bust", identity)
        chin = rig.template[np.unique(rig.faces[rig.regions["lips"]]), 1].min() - 0.03
        border = rig.template[skin_border(rig)]
        assert border[:, 1].max() < chin - 0.28  # nothing but the cut, closed everywhere else
        chest = border[np.abs(border[:, 0]) < 0.1]
        assert chest[:, 2].max() - chest[:, 2].min() > 0.12
        arms = rig.template[rig.template[:, 1] < chin - 0.25]
        assert arms[:, 0].max() < 0.33  # they hang


def test_clavicles_lift_the_shoulders_and_leave_the_head(bust: Rig) -> None:
    parameters = PoseParameters.neutral(bust)
    parameters.joint_rotations[bust.joint_names.index("clavicle.L"), 2] = 0.2
    moved = pose_numpy(bust, parameters) - bust.template
    shoulder = (bust.template[:, 0] > 0.17) & (bust.template[:, 1] > -0.15)
    assert shoulder.any() and moved[shoulder, 1].min() > 5e-3
    np.testing.assert_allclose(moved[bust.template[:, 0] < -0.1], 0, atol=1e-7)
    assert np.abs(moved[np.unique(bust.faces[bust.regions["lips"]])]).max() < 1e-7


def test_identity_basis_has_what_moves_the_bust(head: Rig) -> None:
    rig, whole = load_rig("anny-bust"), load_rig("anny-head")
    assert set(rig.identity_names) < set(whole.identity_names)
    assert np.linalg.norm(rig.identity_basis, axis=2).max(1).min() > 0.05e-3
    rows = [whole.identity_names.index(name) for name in rig.identity_names]
    place = of_head(whole, rig)
    np.testing.assert_allclose(rig.identity_basis[:, place], whole.identity_basis[rows], atol=1e-6)
    left_out = np.setdiff1d(np.arange(len(whole.identity_names)), rows)
    assert np.abs(whole.identity_basis[left_out]).max() < 0.05e-3
    for name, step in (("age", 0.05), ("weight", 0.05), ("measure-shoulder-dist-incr", 1.0)):
        row, middle = rig.identity_names.index(name), 0.0 if "-" in name else 0.5
        more, less = (load_rig("anny-bust", {name: middle + sign * step}) for sign in (1, -1))
        np.testing.assert_allclose(rig.identity_basis[row], (more.template - less.template) / (2 * step), atol=2e-5)
        np.testing.assert_allclose(rig.joint_identity_basis[row], (more.joints - less.joints) / (2 * step), atol=2e-5)

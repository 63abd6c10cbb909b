from __future__ import annotations

import numpy as np

from splatavatar.capture.tracking.landmark_model import IRIS, LIDS, LIPS, OVAL, PAIRS, LandmarkModel
from splatavatar.capture.tracking.shape_prior import ShapePrior
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from support.synthetic_track import take


def test_points_are_those_of_the_posed_rig(someone: Rig) -> None:
    rng, model = np.random.default_rng(0), LandmarkModel.of(someone, None)
    expression = rng.random((3, 52))
    still = take(someone, expression, np.zeros((3, 3)), np.zeros((3, 3)))
    points = model.points(np.zeros(0), expression) + model.pivot
    np.testing.assert_allclose(points, still.points, atol=1e-6)
    np.testing.assert_allclose(model.base.mean(0), 0, atol=1e-12)


def test_the_shape_moves_them_as_it_moves_the_mesh(mean_head: Rig) -> None:
    rng = np.random.default_rng(1)
    modes = rng.normal(0, 0.002, (4, len(mean_head.template), 3))
    model = LandmarkModel.of(mean_head, ShapePrior(modes, np.zeros((4, 0))))
    shape = rng.normal(size=4)
    moved = mean_head.template + np.tensordot(shape, modes, 1)
    surface = mean_head.landmarks["mediapipe"]
    expected = np.einsum("lkj,lk->lj", moved[mean_head.faces[surface.face]], surface.barycentric)
    found = model.points(shape, np.zeros((1, 52)))[0] + model.pivot
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_normals_point_out_of_the_face(someone: Rig) -> None:
    model = LandmarkModel.of(someone, None)
    np.testing.assert_allclose(np.linalg.norm(model.normals, axis=1), 1, atol=1e-6)
    assert model.normals[1, 2] > 0.5  # the tip of the nose
    assert model.normals[234, 0] < -0.5 and model.normals[454, 0] > 0.5  # the sides of the face


def test_pairs_meet_when_eyes_and_mouth_close(someone: Rig) -> None:
    """The upper one above the lower one, and a blink brings lids together."""
    model = LandmarkModel.of(someone, None)
    expression = np.zeros((2, 52))
    expression[0, INDEX["jawOpen"]] = 0.7
    expression[1, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1.0
    open_, blink = model.points(np.zeros(0), expression)
    gap = open_[PAIRS[:, 0], 1] - open_[PAIRS[:, 1], 1]
    assert (gap > 0.003).all()
    closed = blink[PAIRS[:, 0], 1] - blink[PAIRS[:, 1], 1]
    assert (np.abs(closed[: len(LIDS)]) < 0.5 * gap[: len(LIDS)]).all()
    assert (np.abs(closed[len(LIDS) :]) < 0.5 * gap[len(LIDS) :]).all()
    assert len(PAIRS) == len(LIDS) + len(LIPS)


def test_the_outline_surrounds_the_face_and_irises_lie_in_the_eyes(someone: Rig) -> None:
    points = LandmarkModel.of(someone, None).points(np.zeros(0), np.zeros((1, 52)))[0]
    oval = points[list(OVAL)]
    inner = np.delete(points, OVAL, axis=0)
    assert len(set(OVAL)) == 36
    assert oval[:, 1].max() >= inner[:, 1].max() and oval[:, 1].min() <= inner[:, 1].min()
    assert oval[:, 0].max() >= inner[:, 0].max() and oval[:, 0].min() <= inner[:, 0].min()
    right, left = points[IRIS][:5], points[IRIS][5:]
    assert (right[:, 0] < points[133, 0]).all() and (right[:, 0] > points[33, 0]).all()
    assert (left[:, 0] > points[362, 0]).all() and (left[:, 0] < points[263, 0]).all()


def test_eyes_follow_the_gaze(someone: Rig) -> None:
    """Landmarks of the irises move with the coefficients of the gaze: up, and to the subject's left."""
    pose = PoseParameters.neutral(someone)
    pose.expression[[INDEX["eyeLookUpLeft"], INDEX["eyeLookUpRight"]]] = 0.5
    surface = someone.landmarks["mediapipe"]
    corners = pose_numpy(someone, pose)[someone.faces[surface.face]]
    lifted = np.einsum("lkj,lk->lj", corners, surface.barycentric)
    model = LandmarkModel.of(someone, None)
    still = model.points(np.zeros(0), np.zeros((1, 52)))[0] + model.pivot
    assert (lifted - still)[IRIS, 1].mean() > 1e-3

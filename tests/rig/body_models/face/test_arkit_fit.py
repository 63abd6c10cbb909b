from __future__ import annotations

import numpy as np
import pytest

from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.body_models.face.arkit_fit import BOUND, eye_turns
from splatavatar.rotations import rotation_matrices
from support.laid import Laid

BOTH = pytest.mark.parametrize("which", ["flame", "smplx_body"])


@BOTH
def test_every_coefficient_is_shown_within_bounds(which: str, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    face = one.face
    assert np.abs(face.arkit_map).max() <= BOUND + 1e-6
    assert face.condition < 60
    for k, name in enumerate(NAMES):
        if name == "tongueOut":
            assert not face.arkit_map[:, k].any() and face.share[k] == face.missed[k] == 0
            continue
        most = {"mouthClose": 0.35}.get(name, 0.35 if name.startswith("eyeLook") else 0.2)
        assert 0 < face.share[k] < most, name
        assert 0 < face.missed[k] < 2.5e-3, name


@BOTH
def test_the_jaw_opens_the_mouth(which: str, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    jaw = one.face.arkit_joint_map[one.model.kind.jaw]
    truth = one.made.jaw_turn
    for name in ("jawOpen", "jawLeft", "jawRight"):
        np.testing.assert_allclose(jaw[:, INDEX[name]], truth[INDEX[name]], atol=0.06)
    assert jaw[0, INDEX["jawOpen"]] > 0.35
    others = [k for k, name in enumerate(NAMES) if not name.startswith("jaw")]
    assert not jaw[:, others].any()
    joints = [one.model.kind.jaw, *one.model.kind.eyes]
    assert not np.delete(one.face.arkit_joint_map, joints, 0).any()


def test_the_known_expressions_are_found(flame: Laid) -> None:
    """Those of which the template shows enough to tell."""
    for name in ("mouthSmileLeft", "eyeBlinkLeft", "browInnerUp", "browDownRight", "mouthPucker", "noseSneerLeft"):
        found, known = flame.face.arkit_map[:, INDEX[name]], flame.made.usual[INDEX[name]]
        assert found @ known > 0.9 * np.linalg.norm(found) * np.linalg.norm(known), name


def test_eyes_turn_where_they_look(flame: Laid) -> None:
    left, right = (flame.face.arkit_joint_map[joint] for joint in flame.model.kind.eyes)
    assert left[0, INDEX["eyeLookDownLeft"]] > 0.1 and left[0, INDEX["eyeLookUpLeft"]] < -0.1
    assert left[1, INDEX["eyeLookOutLeft"]] > 0.15 and left[1, INDEX["eyeLookInLeft"]] < -0.15
    assert right[1, INDEX["eyeLookOutRight"]] < -0.15 and right[1, INDEX["eyeLookInRight"]] > 0.15
    assert not left[:, INDEX["eyeLookDownRight"]].any() and not right[:, INDEX["jawOpen"]].any()


def test_a_turn_of_an_eyeball_is_found() -> None:
    rest = np.random.default_rng(0).normal(size=(30, 3)) * 0.01 + [0.03, 0.1, 0.1]
    turns = np.array([[0.1, 0.2, -0.05], [0, 0, 0], [-0.3, 0, 0]])
    moved = (rest - rest.mean(0)) @ rotation_matrices(turns).transpose(0, 2, 1) + rest.mean(0)
    np.testing.assert_allclose(eye_turns(rest, moved), turns, atol=1e-9)

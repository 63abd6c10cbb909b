from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters, posed_vertices
from splatavatar.errors import RigError
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def head() -> tuple[Rig, RigParameters]:
    """Rig and parameters of the sample capture."""
    parameters = read_capture(Path(__file__).parents[2] / "data" / "sample-capture").rig_parameters
    assert parameters is not None
    return load_rig("anny-head", parameters.identity), parameters


def test_parameters_are_put_where_the_rig_has_their_names(head: tuple[Rig, RigParameters]) -> None:
    rig, parameters = head
    pose = pose_parameters(rig, parameters, 9)
    for name, value in zip(parameters.expression_names, parameters.expression[9], strict=True):
        assert pose.expression[rig.expression_names.index(name)] == value
    for joint, rotations in parameters.joint_rotations.items():
        np.testing.assert_array_equal(pose.joint_rotations[rig.joint_names.index(joint)], rotations[9])
    assert np.abs(parameters.expression[9]).max() > 0.1
    np.testing.assert_array_equal(pose.translation, 0)


def test_vertices_follow_the_offset_and_the_translation(head: tuple[Rig, RigParameters]) -> None:
    rig, parameters = head
    T = len(parameters.expression)
    still = replace(
        parameters, expression=np.zeros_like(parameters.expression), joint_rotations={}, translation=np.zeros((T, 3))
    )
    still.translation[4] = [0.1, 0.2, -0.3]
    moved = replace(still, template_offset=np.full(rig.template.shape, 0.01, np.float32))
    np.testing.assert_allclose(posed_vertices(rig, still, 3), rig.template, atol=1e-6)
    np.testing.assert_allclose(posed_vertices(rig, still, 4), rig.template + np.array([0.1, 0.2, -0.3]), atol=1e-6)
    fitted = fitted_rig(rig, moved)
    np.testing.assert_allclose(
        posed_vertices(fitted, moved, 4), rig.template + np.array([0.11, 0.21, -0.29]), atol=1e-6
    )
    assert fitted_rig(rig, still) is rig


def test_an_offset_for_another_rig(head: tuple[Rig, RigParameters]) -> None:
    rig, parameters = head
    wrong = replace(parameters, template_offset=np.zeros((5, 3), np.float32))
    with pytest.raises(RigError, match=rf"move 5 vertices of the template, anny-head has {len(rig.template)}"):
        fitted_rig(rig, wrong)


def test_an_expression_is_offset_by_its_name(head: tuple[Rig, RigParameters]) -> None:
    rig, parameters = head
    offset = np.zeros((2, *rig.template.shape), np.float32)
    offset[0] = 0.25
    names = (rig.expression_names[5], rig.expression_names[3])
    two = replace(parameters, expression=np.zeros((1, 2), np.float32), expression_names=names, expression_offset=offset)
    added = fitted_rig(rig, two).expression_basis - rig.expression_basis
    np.testing.assert_allclose(added[5], 0.25, atol=1e-6)
    assert not np.delete(added, 5, axis=0).any()
    with pytest.raises(RigError, match=f"move 7 vertices by expressions, anny-head has {len(rig.template)}"):
        fitted_rig(rig, replace(two, expression_offset=np.zeros((2, 7, 3), np.float32)))
    with pytest.raises(RigError, match="an expression 'grin', which anny-head does not have"):
        fitted_rig(rig, replace(two, expression_names=("grin", "jawOpen")))

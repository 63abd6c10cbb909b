"""A small avatar made by hand: an ellipsoid head on two joints whose lower half opens."""

from __future__ import annotations

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.rig import Rig

ROWS, COLUMNS = 9, 16
CENTRE = np.array([0.0, 1.5, 0.0])
RADII = np.array([0.08, 0.12, 0.1])


def small_rig(eye_joints: tuple[int, int] = (-1, -1)) -> Rig:
    """An ellipsoid of 16 x 9 vertices around (0, 1.5, 0) with the joints root, neck, head, eye_left, eye_right."""
    polar = np.linspace(0.05, np.pi - 0.05, ROWS)
    azimuth = np.arange(COLUMNS) * 2 * np.pi / COLUMNS
    p, a = (grid.ravel() for grid in np.meshgrid(polar, azimuth, indexing="ij"))
    unit = np.stack([np.sin(p) * np.sin(a), np.cos(p), np.sin(p) * np.cos(a)], 1)
    template = (CENTRE + RADII * unit).astype(np.float32)
    r, c = (grid.ravel() for grid in np.meshgrid(np.arange(ROWS - 1), np.arange(COLUMNS), indexing="ij"))
    right = (c + 1) % COLUMNS
    upper, lower = r * COLUMNS, (r + 1) * COLUMNS
    faces = np.concatenate(
        [np.stack([upper + c, lower + c, lower + right], 1), np.stack([upper + c, lower + right, upper + right], 1)]
    ).astype(np.int32)
    V, E, J = len(template), len(NAMES), 5
    expression = np.zeros((E, V, 3), np.float32)
    expression[NAMES.index("jawOpen"), :, 1] = np.where(unit[:, 1] < -0.2, -0.02, 0.0)
    skin_joints = np.tile(np.array([2, 1, 0, 0], np.int32), (V, 1))
    head = np.clip((unit[:, 1] + 1) / 0.5, 0, 1)
    skin_weights = np.stack([head, 1 - head, 0 * head, 0 * head], 1).astype(np.float32)
    return Rig(
        kind="test-head",
        template=template,
        faces=faces,
        uv=np.zeros((len(faces), 3, 2), np.float32),
        identity_basis=np.zeros((0, V, 3), np.float32),
        identity_names=(),
        expression_basis=expression,
        expression_names=NAMES,
        joints=np.array([[0, 1, 0], [0, 1.35, 0], [0, 1.42, 0], [0.03, 1.53, 0.08], [-0.03, 1.53, 0.08]], np.float32),
        joint_identity_basis=np.zeros((0, J, 3), np.float32),
        joint_names=("root", "neck", "head", "eye_left", "eye_right"),
        parents=np.array([-1, 0, 1, 2, 2], np.int32),
        skin_joints=skin_joints,
        skin_weights=skin_weights,
        arkit_map=np.eye(E, dtype=np.float32),
        head_chain=((1, 0.25), (2, 0.75)),
        eye_joints=eye_joints,
    )


def small_avatar() -> Avatar:
    """Two coloured, opaque Gaussians a triangle of ``small_rig``; no correctives."""
    rig = small_rig()
    N = 2 * len(rig.faces)
    rng = np.random.default_rng(1)
    barycentric = rng.dirichlet([2, 2, 2], N).astype(np.float32)
    rotation = np.zeros((N, 4), np.float32)
    rotation[:, 0] = 1
    gaussians = BoundGaussians(
        face=np.repeat(np.arange(len(rig.faces), dtype=np.int32), 2),
        barycentric=barycentric,
        position=np.zeros((N, 3), np.float32),
        rotation=rotation,
        scale=np.tile(np.array([0.4, 0.05, 0.4], np.float32), (N, 1)),
        opacity=np.full(N, 0.95, np.float32),
        colour=rng.uniform(0.1, 0.9, (N, 3)).astype(np.float32),
        sh=np.zeros((N, 3, 3), np.float32),
    )
    correctives = Correctives(
        position=np.zeros((0, N, 3), np.float32),
        colour=np.zeros((0, N, 3), np.float32),
        weights=np.zeros((0, rig.corrective_inputs), np.float32),
        bias=np.zeros(0, np.float32),
    )
    return Avatar(rig, gaussians, correctives, {"name": "test"})

"""Avatars with other numbers of Gaussians, derived from a baked one.

Fewer: a random subset. More: copies, each displaced at random within the Gaussian it copies. Scales change by the
square root of the ratio: the covered area, and with it the number of layers that a pixel blends, stays about that of
the baked avatar.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar

Array = NDArray[Any]

SPREAD = 0.7
"""of a copy about its original, in standard deviations of the original"""


def resized(avatar: Avatar, count: int, seed: int = 0) -> Avatar:
    """``avatar`` with ``count`` Gaussians that cover about the same area."""
    n = len(avatar.gaussians)
    random = np.random.default_rng(seed)
    copies, rest = divmod(count, n)
    chosen = np.concatenate([np.repeat(np.arange(n), copies), random.choice(n, rest, replace=False)])
    chosen.sort()  # neighbours in the file are neighbours on the head
    g, c = avatar.gaussians, avatar.correctives
    again = np.concatenate([[False], chosen[1:] == chosen[:-1]])
    offset = random.normal(0, SPREAD, (count, 3)) * g.scale[chosen] * again[:, None]
    copied = replace(g, **{name: np.ascontiguousarray(values[chosen]) for name, values in vars(g).items()})
    gaussians = replace(
        copied,
        position=(copied.position + turned(copied.rotation, offset)).astype(np.float32),
        scale=(copied.scale * np.sqrt(n / count)).astype(np.float32),
    )
    correctives = replace(
        c,
        position=np.ascontiguousarray(c.position[:, chosen]),
        colour=np.ascontiguousarray(c.colour[:, chosen]),
    )
    return replace(avatar, gaussians=gaussians, correctives=correctives)


def turned(quaternions: Array, vectors: Array) -> Array:
    """``vectors`` (N, 3) turned by unit ``quaternions`` (N, 4) wxyz."""
    w, axis = quaternions[:, :1], quaternions[:, 1:]
    once = np.cross(axis, vectors)
    turned_by: Array = vectors + 2 * (w * once + np.cross(axis, once))
    return turned_by


def only_used(avatar: Avatar) -> Avatar:
    """``avatar`` without the triangles that carry no Gaussian, and without their vertices: a body for interpreted runs.

    Regions and landmarks are left out.
    """
    rig, g = avatar.rig, avatar.gaussians
    faces, face = np.unique(g.face, return_inverse=True)
    vertices, corners = np.unique(rig.faces[faces], return_inverse=True)
    small = replace(
        rig,
        template=np.ascontiguousarray(rig.template[vertices]),
        faces=corners.reshape(-1, 3).astype(np.int32),
        uv=np.ascontiguousarray(rig.uv[faces]),
        identity_basis=np.ascontiguousarray(rig.identity_basis[:, vertices]),
        expression_basis=np.ascontiguousarray(rig.expression_basis[:, vertices]),
        skin_joints=np.ascontiguousarray(rig.skin_joints[vertices]),
        skin_weights=np.ascontiguousarray(rig.skin_weights[vertices]),
        regions={},
        landmarks={},
    )
    return replace(avatar, rig=small, gaussians=replace(g, face=face.astype(np.int32).reshape(-1)))

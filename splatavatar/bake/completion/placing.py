"""Gaussians from the neutral world into the frames of triangles."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.array_types import Doubles, Floats, Ints
from splatavatar.bake.completion.samples import on_surface
from splatavatar.bake.engines.splats import Splats
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig
from splatavatar.rotations import quaternions_of_matrices


def placed(
    rig: Rig,
    face: Ints,
    barycentric: Floats,
    mean: Doubles,
    rotation: Doubles,
    scale: Doubles,
    opacity: Doubles,
    colour: Doubles,
    correctives: int,
) -> Splats:
    """N Gaussians of the neutral rig bound to ``face`` (N) at ``barycentric`` (N, 3).

    ``mean`` (N, 3), ``rotation`` (N, 3, 3) and ``scale`` (N, 3) are in the rig frame, metres; ``opacity`` (N),
    ``colour`` (N, 3). Their colour does not depend on the view, and no corrective moves them.
    """
    frames, size = (values.astype(np.float64)[face] for values in triangle_frames(rig.template, rig.faces))
    size = np.maximum(size, 1e-9)[:, None]
    offset = mean - on_surface(rig, face, barycentric)
    count = len(face)
    return Splats(
        face=torch.from_numpy(face.astype(np.int32)),
        barycentric=torch.from_numpy(barycentric.astype(np.float32)),
        position=torch.from_numpy((np.einsum("nij,ni->nj", frames, offset) / size).astype(np.float32)),
        rotation=torch.from_numpy(
            quaternions_of_matrices(np.einsum("nij,nik->njk", frames, rotation)).astype(np.float32)
        ),
        log_scale=torch.from_numpy(np.log(np.maximum(scale, 1e-7) / size).astype(np.float32)),
        logit=torch.logit(torch.from_numpy(opacity.astype(np.float32)).clamp(1e-4, 1 - 1e-4)),
        colour=torch.from_numpy(colour.clip(0, 1).astype(np.float32)),
        sh=torch.zeros(count, 3, 3),
        correctives=torch.zeros(correctives, count, 6),
    )


def triangles_near(rig: Rig, faces: Ints, point: Doubles) -> tuple[Ints, Floats]:
    """For each ``point`` (N, 3) the triangle among ``faces`` with the nearest centre (N), and the barycentric
    coordinates (N, 3) of the point of it that lies below or, beside it, near."""
    from scipy.spatial import KDTree

    corner = rig.template[rig.faces[faces]].astype(np.float64)
    face = faces[KDTree(corner.mean(1)).query(point)[1]].astype(np.int32)
    return face, coordinates(rig, face, point)


def coordinates(rig: Rig, face: Ints, point: Doubles) -> Floats:
    """The barycentric coordinates (N, 3) of the points of the triangles ``face`` (N) that lie below ``point`` (N, 3)
    or, beside it, near."""
    a, b, c = np.moveaxis(rig.template[rig.faces[face]].astype(np.float64), 1, 0)
    first, second, to = b - a, c - a, point - a
    d11, d12, d22 = (np.einsum("ni,ni->n", x, y) for x, y in ((first, first), (first, second), (second, second)))
    e1, e2 = np.einsum("ni,ni->n", to, first), np.einsum("ni,ni->n", to, second)
    whole = np.maximum(d11 * d22 - d12 * d12, 1e-18)
    v, w = (d22 * e1 - d12 * e2) / whole, (d11 * e2 - d12 * e1) / whole
    barycentric = np.stack([1 - v - w, v, w], 1).clip(0, None)
    return np.asarray(barycentric / barycentric.sum(1, keepdims=True), np.float32)

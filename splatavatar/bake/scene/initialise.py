"""The first Gaussians: on the surface of the neutral rig and in the hair above it, coloured from the pictures."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.array_types import Floats
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.hair import shell_splats
from splatavatar.bake.scene.inside import fill_inside
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
from splatavatar.rig.rig import Rig

DENSITY = {
    "eye_left": 3.0,
    "eye_right": 3.0,
    "lips": 3.0,
    "mouth": 2.0,
    "tongue": 2.0,
    "teeth_upper": 3.0,
    "teeth_lower": 3.0,
    "torso": 0.3,
}
"""Gaussians per area, relative to the rest of the surface, where small features move, and where a large one does not"""

SHELL_SHARE = 0.2
"""of the first Gaussians that start in the hair"""


def first_splats(rig: Rig, views: list[PosedView], heights: Floats, count: int, correctives: int, seed: int) -> Splats:
    """Makes ``count`` Gaussians for the rig as it stands in the first of ``views``, painted as all of them show it.

    ``heights`` (F) are those of ``hair_heights``; where there is hair, ``SHELL_SHARE`` of the Gaussians start in it.
    """
    vertices = views[0].vertices
    above = round(count * SHELL_SHARE) if heights.any() else 0
    splats = surface_splats(rig, vertices, count - above, correctives, seed)
    if above:
        splats = concatenated([splats, shell_splats(rig, vertices, heights, above, correctives, seed)])
    paint(splats, rig, views)
    fill_inside(splats, rig)
    return splats


def surface_splats(rig: Rig, vertices: Floats, count: int, correctives: int, seed: int) -> Splats:
    """Makes ``count`` flat Gaussians, spread over the surface of ``vertices`` (V, 3), denser where ``DENSITY`` says."""
    rng = np.random.default_rng([seed, 1])
    corner = vertices[rig.faces]
    area = triangle_areas(corner)
    weight = area.astype(np.float64)
    for region, factor in DENSITY.items():
        if region in rig.regions:
            weight[rig.regions[region]] = area[rig.regions[region]] * factor
    # Systematic sampling: every triangle gets its share, rounded, instead of a lottery.
    steps = (np.arange(count) + rng.random()) / count
    face = np.searchsorted(np.cumsum(weight) / weight.sum(), steps).clip(0, len(area) - 1).astype(np.int32)
    barycentric = rng.dirichlet([1.0, 1.0, 1.0], count).astype(np.float32)
    _, size = triangle_frames(vertices, rig.faces)
    share = weight.sum() * area[face] / np.maximum(weight[face], 1e-12)
    spacing = np.sqrt(share / count) * 0.8
    local = (spacing / np.maximum(size[face], 1e-9)).astype(np.float32)
    return Splats(
        face=torch.from_numpy(face),
        barycentric=torch.from_numpy(barycentric),
        position=torch.zeros(count, 3),
        rotation=torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(count, 1),
        log_scale=torch.from_numpy(np.log(np.stack([local, local * 0.3, local], 1))),
        logit=torch.zeros(count),
        colour=torch.full((count, 3), 0.5),
        sh=torch.zeros(count, 3, 3),
        correctives=torch.zeros(correctives, count, 6),
    )


def sized(splats: Splats, rig: Rig, wide: float, thick: float) -> None:
    """Makes the Gaussians ``wide`` metres of standard deviation along their triangles of the neutral ``rig``, and
    ``thick`` across."""
    size = np.maximum(triangle_frames(rig.template, rig.faces)[1][splats.face.numpy()], 1e-9)
    along, across = np.log(wide / size), np.log(thick / size)
    splats.log_scale = torch.from_numpy(np.stack([along, across, along], 1).astype(np.float32))


def paint(splats: Splats, rig: Rig, views: list[PosedView]) -> None:
    """Colours the Gaussians from ``views``.

    The mean of what the pictures show at their projections, weighted by how squarely each camera sees the surface.
    What no camera sees keeps its colour.
    """
    face = splats.face.numpy()
    total, colour = np.zeros(len(face)), np.zeros((len(face), 3))
    for view in views:
        frames, size = triangle_frames(view.vertices, rig.faces)
        raised = np.einsum("nij,nj->ni", frames[face], splats.position.numpy()) * size[face, None]
        corner = view.vertices[rig.faces[face]]
        points = np.einsum("nc,nci->ni", splats.barycentric.numpy(), corner) + raised
        row, column, inside = view.pixels(points)
        sampled = view.target.rgba[row, column] / 255.0
        towards = view.target.camera.position - points
        squarely = (frames[face, :, 1] * towards).sum(1) / np.linalg.norm(towards, axis=1)
        weight = inside * np.maximum(squarely - 0.2, 0.0) ** 2 * sampled[:, 3]
        total += weight
        colour += weight[:, None] * sampled[:, :3]
    seen = total > 0
    splats.colour[torch.from_numpy(seen)] = torch.from_numpy((colour[seen] / total[seen, None]).astype(np.float32))

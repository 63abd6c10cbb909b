"""The first Gaussians: on the surface of the neutral rig and in the hair above it, coloured from the pictures."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.bake.engine import Target
from splatavatar.bake.splats import Splats, concatenated
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

Floats = NDArray[np.float32]
DENSITY = {
    "eye_left": 3.0,
    "eye_right": 3.0,
    "lips": 3.0,
    "mouth": 2.0,
    "tongue": 2.0,
    "teeth_upper": 3.0,
    "teeth_lower": 3.0,
}
"""Gaussians per area, relative to the rest of the surface, where small features move"""

HAIRY = ("scalp",)
"""regions that hair may stand on; above others the hull is the inside of the head, or a hollow that no camera sees"""
SHELL_DEPTH = 0.06
"""metres above the surface that are searched for hair"""
SHELL_STEP = 0.003
"""metres"""
SHELL_SHARE = 0.2
"""of the first Gaussians"""
SHELL_MINIMUM = 0.009
"""metres of silhouette above a triangle that count as hair; less is a hollow of the face that no camera looks into"""


def first_splats(
    rig: Rig, vertices: Floats, targets: list[Target], heights: Floats, count: int, correctives: int, seed: int
) -> Splats:
    """``count`` painted Gaussians for the rig posed as ``vertices`` (V, 3), as ``targets``, of that timestep, show it.

    ``heights`` (F) are those of ``hair_heights``; where there is hair, ``SHELL_SHARE`` of the Gaussians start in it.
    """
    above = round(count * SHELL_SHARE) if heights.any() else 0
    splats = surface_splats(rig, vertices, count - above, correctives, seed)
    if above:
        splats = concatenated([splats, shell_splats(rig, vertices, heights, above, correctives, seed)])
    paint(splats, rig, vertices, targets)
    return splats


def surface_splats(rig: Rig, vertices: Floats, count: int, correctives: int, seed: int) -> Splats:
    """``count`` flat Gaussians spread over the surface of ``vertices`` (V, 3), denser where ``DENSITY`` says."""
    rng = np.random.default_rng([seed, 1])
    corner = vertices[rig.faces]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2
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


def hair_heights(rig: Rig, vertices: Floats, targets: list[Target]) -> Floats:
    """(F) metres of visual hull above each triangle, along its normal: 0 where nothing stands out.

    A point belongs to the hull if it lies inside the matte of every picture that shows it; ``targets`` are of one
    timestep, posed as ``vertices``.
    """
    centre = vertices[rig.faces].mean(1)
    normal = triangle_frames(vertices, rig.faces)[0][:, :, 1]
    height, growing = np.zeros(len(centre)), np.zeros(len(centre), bool)
    for region in HAIRY:
        growing[rig.regions.get(region, [])] = True
    for h in np.arange(SHELL_STEP, SHELL_DEPTH, SHELL_STEP):
        points = centre + h * normal
        views = np.zeros(len(points), int)
        for target in targets:
            row, column, inside = _pixels(target, points)
            growing &= ~inside | (target.rgba[row, column, 3] > 127)
            views += inside
        growing &= views >= 3
        height[growing] = h
    height[height < SHELL_MINIMUM] = 0.0
    return height.astype(np.float32)


def shell_splats(rig: Rig, vertices: Floats, heights: Floats, count: int, correctives: int, seed: int) -> Splats:
    """``count`` Gaussians in the layer of ``heights`` (F) above ``vertices`` (V, 3), by volume."""
    rng = np.random.default_rng([seed, 4])
    corner = vertices[rig.faces]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2
    volume = np.cumsum(area * heights, dtype=np.float64)
    steps = (np.arange(count) + rng.random()) / count
    face = np.searchsorted(volume / volume[-1], steps).clip(0, len(area) - 1).astype(np.int32)
    _, size = triangle_frames(vertices, rig.faces)
    spacing = (volume[-1] / count) ** (1 / 3)
    local = np.log(0.6 * spacing / np.maximum(size[face], 1e-9)).astype(np.float32)
    position = np.zeros((count, 3), np.float32)
    position[:, 1] = heights[face] * rng.random(count) / np.maximum(size[face], 1e-9)
    return Splats(
        face=torch.from_numpy(face),
        barycentric=torch.from_numpy(rng.dirichlet([1.0, 1.0, 1.0], count).astype(np.float32)),
        position=torch.from_numpy(position),
        rotation=torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(count, 1),
        log_scale=torch.from_numpy(local)[:, None].repeat(1, 3),
        logit=torch.full((count,), -1.0),
        colour=torch.full((count, 3), 0.5),
        sh=torch.zeros(count, 3, 3),
        correctives=torch.zeros(correctives, count, 6),
    )


def paint(splats: Splats, rig: Rig, vertices: Floats, targets: list[Target]) -> None:
    """Colours the Gaussians from ``targets``, all of one timestep posed as ``vertices`` (V, 3).

    The mean of what the pictures show at their projections, weighted by how squarely each camera sees the surface.
    What no camera sees keeps its colour.
    """
    corner = vertices[rig.faces[splats.face.numpy()]]
    frames, size = triangle_frames(vertices, rig.faces)
    face = splats.face.numpy()
    raised = np.einsum("nij,nj->ni", frames[face], splats.position.numpy()) * size[face, None]
    points = np.einsum("nc,nci->ni", splats.barycentric.numpy(), corner) + raised
    normals = frames[face, :, 1]
    total, colour = np.zeros(len(points)), np.zeros((len(points), 3))
    for target in targets:
        row, column, inside = _pixels(target, points)
        sampled = target.rgba[row, column] / 255.0
        towards = target.camera.position - points
        squarely = (normals * towards).sum(1) / np.linalg.norm(towards, axis=1)
        weight = inside * np.maximum(squarely - 0.2, 0.0) ** 2 * sampled[:, 3]
        total += weight
        colour += weight[:, None] * sampled[:, :3]
    seen = total > 0
    splats.colour[torch.from_numpy(seen)] = torch.from_numpy((colour[seen] / total[seen, None]).astype(np.float32))


def _pixels(target: Target, points: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and column of the pixels that show ``points`` (N, 3), clipped to the picture, and whether they lie inside."""
    camera = target.camera
    local = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    pixel = (local @ camera.K.T)[:, :2] / np.maximum(local[:, 2:], 1e-6)
    column, row = np.floor(pixel).astype(np.int64).T
    inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height) & (local[:, 2] > 0)
    return row.clip(0, camera.height - 1), column.clip(0, camera.width - 1), inside

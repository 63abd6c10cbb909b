"""The first Gaussians: on the surface of the neutral rig, coloured from the pictures."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.bake.engine import Target
from splatavatar.bake.splats import Splats
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.rig.rig import Rig

Floats = NDArray[np.float32]
DENSITY = {"eye_left": 3.0, "eye_right": 3.0, "lips": 3.0, "mouth": 2.0, "tongue": 2.0, "teeth_upper": 3.0, "teeth_lower": 3.0}
"""Gaussians per area, relative to the rest of the surface, where small features move"""


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
    spacing = np.sqrt(area.sum() / count * weight.sum() / area.sum() * area[face] / np.maximum(weight[face], 1e-12)) * 0.8
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


def paint(splats: Splats, rig: Rig, vertices: Floats, targets: list[Target]) -> None:
    """Colours the Gaussians from ``targets``, all of one timestep posed as ``vertices``: the mean of what the pictures show at their
    projections, weighted by how squarely each camera sees the surface. What no camera sees keeps its colour."""
    corner = vertices[rig.faces[splats.face.numpy()]]
    points = np.einsum("nc,nci->ni", splats.barycentric.numpy(), corner)
    normals = triangle_frames(vertices, rig.faces)[0][splats.face.numpy(), :, 1]
    total, colour = np.zeros(len(points)), np.zeros((len(points), 3))
    for target in targets:
        camera = target.camera
        local = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
        pixel = (local @ camera.K.T)[:, :2] / np.maximum(local[:, 2:], 1e-6)
        column, row = np.floor(pixel).astype(np.int64).T
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height) & (local[:, 2] > 0)
        sampled = target.rgba[row.clip(0, camera.height - 1), column.clip(0, camera.width - 1)] / 255.0
        towards = camera.position - points
        squarely = (normals * towards).sum(1) / np.linalg.norm(towards, axis=1)
        weight = inside * np.maximum(squarely - 0.2, 0.0) ** 2 * sampled[:, 3]
        total += weight
        colour += weight[:, None] * sampled[:, :3]
    seen = total > 0
    splats.colour[torch.from_numpy(seen)] = torch.from_numpy((colour[seen] / total[seen, None]).astype(np.float32))

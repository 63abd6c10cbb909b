"""Hair: what the mattes show above the scalp, and Gaussians that fill it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import triangle_areas, triangle_frames
from splatavatar.rig.rig import Rig

HAIRY = ("scalp",)
"""regions that hair may stand on; above others the hull is the inside of the head, or a hollow that no camera sees"""
SHELL_DEPTH = 0.06
"""metres above the surface that are searched for hair"""
SHELL_STEP = 0.003
"""metres"""
SHELL_MINIMUM = 0.009
"""metres of silhouette above a triangle that count as hair; less is a hollow of the face that no camera looks into"""


VIEWS = 3
"""that must agree"""
NAPE = 0.02
"""metres of hair at most where no view sees the head from"""
THIN = 0.3
"""quantile of their thickness that is taken: too little hair is less wrong than too much"""
ROOTS, RISE = 0.003, 0.35
"""metres of hair at the hairline, and metres more for each metre away from it, where hair faces every camera: there its
hull is as deep as the pictures leave it, and it would float before the head"""
FACED = 0.3
"""cosine of normal and view from which on a triangle is not at the outline"""
NEIGHBOURS = 40
"""triangles at the outline of the head that say how thick the hair is where no view sees it from the side"""


def hair_heights(rig: Rig, views: list[PosedView]) -> Floats:
    """The metres of visual hull above each triangle (F), along its normal: 0 where nothing stands out.

    A point belongs to the hull if it lies inside the matte of every picture that shows it. Views from one side leave
    the hull of what faces them open: there the hair is as thick as at the nearest triangles whose hull ends.
    """
    growing = np.zeros(len(rig.faces), bool)
    for region in HAIRY:
        growing[rig.regions.get(region, [])] = True
    hairy = growing.copy()
    height = np.zeros(len(rig.faces))
    places = []
    for view in views:
        normal = triangle_frames(view.vertices, rig.faces)[0][:, :, 1]
        places.append((view.vertices[rig.faces].mean(1), normal))
    for h in np.arange(SHELL_STEP, SHELL_DEPTH, SHELL_STEP):
        seen = np.zeros(len(height), int)
        for view, (centre, normal) in zip(views, places, strict=True):
            row, column, inside = view.pixels(centre + h * normal)
            growing &= ~inside | (view.target.rgba[row, column, 3] > 127)
            seen += inside
        growing &= seen >= VIEWS
        height[growing] = h
    ends = hairy & ~growing & (height > 0)
    if growing.any() and ends.sum() > NEIGHBOURS:
        height[growing] = _nearby(places[0][0], height, growing, ends)
    cosine = _cosines(views, places)
    faced = hairy & (cosine.min(0) > FACED)
    if faced.any() and not hairy.all():
        flat = ROOTS + RISE * _distance(places[0][0], faced, ~hairy)
        height[faced] = np.minimum(height[faced], flat)
    height = np.where(cosine.max(0) < 0, np.minimum(height, NAPE), height)
    height[height < SHELL_MINIMUM] = 0.0
    return height.astype(np.float32)


def _cosines(views: list[PosedView], places: list[tuple[Floats, Floats]]) -> Doubles:
    """(V, F) the cosine of the normal of each triangle and the direction from it to the camera of each view."""
    found = []
    for view, (centre, normal) in zip(views, places, strict=True):
        towards = view.target.camera.position - centre
        found.append((towards * normal).sum(1) / np.linalg.norm(towards, axis=1))
    return np.stack(found)


def _nearby(centre: Floats, height: NDArray[np.float64], where: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    from scipy.spatial import KDTree

    _, near = KDTree(centre[known]).query(centre[where], NEIGHBOURS)
    return np.asarray(np.quantile(height[known][near], THIN, axis=1), np.float32)


def _distance(centre: Floats, where: NDArray[np.bool_], other: NDArray[np.bool_]) -> Floats:
    """The metres from each triangle of ``where`` to the nearest of ``other``."""
    from scipy.spatial import KDTree

    return np.asarray(KDTree(centre[other]).query(centre[where])[0], np.float32)


def free_reach(rig: Rig, heights: Floats, far: float, clothes: float) -> Floats:
    """The metres (F) that Gaussians may leave a triangle: ``far``, more in hair of ``heights`` (F) and on the torso."""
    reach = np.full(len(rig.faces), far, np.float32)
    reach[rig.regions.get("torso", [])] = clothes
    return reach + heights


def shell_splats(rig: Rig, vertices: Floats, heights: Floats, count: int, correctives: int, seed: int) -> Splats:
    """Puts ``count`` Gaussians into the layer of ``heights`` (F) above ``vertices`` (V, 3), by volume."""
    rng = np.random.default_rng([seed, 4])
    corner = vertices[rig.faces]
    area = triangle_areas(corner)
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

"""How well each place of the surface was seen, and in what colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Longs, Mask
from splatavatar.bake.completion.samples import Samples
from splatavatar.bake.scene.posed_view import PosedView
from splatavatar.gaussians.binding import triangle_frames
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import Rig

GRAZING = 0.12
"""cosine of normal and view below which a picture says nothing of a colour"""
BEHIND = 0.012
"""metres behind what is nearest to the camera from which on a point is hidden"""
SURE = 250
"""of 255: mattes below are of mixed pixels"""
RIM = 0.004
"""metres within the outline of the matte whose colour may be that of what lies behind"""
TRUSTED = (0.35, 0.65)
"""such cosines, those of the place where it was seen best: from the first on it counts, from the second on fully"""
OFTEN = 0.5
"""share of the pictures that a place faces and that must show it"""
CONFIRMING = 3
"""pictures that must have seen a place that well, where there are as many"""


@dataclass(frozen=True)
class Sight:
    """How one picture sees the samples."""

    row: Longs
    """(S) of the pixel, clipped to the picture"""
    column: Longs
    """(S) the same"""
    inside: Mask
    """(S) whether the pixel lies within the picture"""
    normal: Doubles
    """(S, 3) unit, rig frame, of the posed surface"""
    square: Doubles
    """(S) cosine of normal and view"""
    unhidden: Mask
    """(S) whether nothing stands before it"""
    shown: Mask
    """(S) whether the picture says anything of its colour: not hidden, not grazing, where the matte is sure"""


@dataclass(frozen=True)
class Seen:
    """What the pictures show of the samples."""

    colour: Doubles
    """(S, 3) mean of what was seen, more of what was seen squarely; 0 where nothing was"""
    weight: Doubles
    """(S) sum of the weights of that mean; 1 is one picture from straight ahead"""
    trust: Doubles
    """(S) in [0, 1]: how well it was seen"""
    framed: Doubles
    """(S) share of the pictures in which the point lies within the picture"""


def observe(samples: Samples, rig: Rig, views: list[PosedView]) -> Seen:
    """What ``views`` show of ``samples``: a point counts where nothing hides it and the matte is sure around it."""
    total, colour = np.zeros(len(samples)), np.zeros((len(samples), 3))
    framed, faced, confirmed = np.zeros((3, len(samples)))
    best = np.zeros((min(CONFIRMING, len(views)), len(samples)))
    for view in views:
        sight = sighted(samples, rig, view)
        square, shown, rgba = sight.square, sight.shown, view.target.rgba
        framed += sight.inside
        faces = (square > GRAZING) & sight.unhidden
        faced += faces
        confirmed += faces & shown
        weight = np.where(shown, ((square - GRAZING) / (1 - GRAZING)) ** 2, 0.0)
        total += weight
        colour += weight[:, None] * rgba[sight.row, sight.column, :3] / 255.0
        new = np.where(shown, square, 0.0)
        for rank in range(len(best)):
            best[rank], new = np.maximum(best[rank], new), np.minimum(best[rank], new)
    low, high = TRUSTED
    trust = ((best[-1] - low) / (high - low)).clip(0, 1)
    # At the lower end of the pictures a place is within some and beyond others, which ask for nothing there.
    trust = np.where(confirmed >= OFTEN * faced, trust, 0.0)
    return Seen(colour / np.maximum(total, 1e-9)[:, None], total, trust, framed / max(len(views), 1))


def sighted(samples: Samples, rig: Rig, view: PosedView) -> Sight:
    """How ``view`` sees ``samples`` of ``rig``."""
    frames = triangle_frames(view.vertices, rig.faces)[0]
    normal = frames[samples.face][:, :, 1].astype(np.float64)
    corner = view.vertices[rig.faces[samples.face]].astype(np.float64)
    point = np.einsum("sc,sci->si", samples.barycentric, corner) + samples.height[:, None] * normal
    row, column, inside = view.pixels(point)
    camera = view.target.camera
    towards = camera.position - point
    away = np.linalg.norm(towards, axis=1)
    square = np.einsum("si,si->s", normal, towards) / away
    sure = _sure(view.target.rgba[..., 3], camera, float(away.min()))[row, column]
    unhidden = _unhidden(point, inside & (square > 0), camera)
    return Sight(row, column, inside, normal, square, unhidden, inside & (square > GRAZING) & sure & unhidden)


def _sure(matte: NDArray[np.uint8], camera: Camera, distance: float) -> NDArray[np.bool_]:
    """Where (H, W) the picture shows the person and nothing else, some way within the outline."""
    import cv2

    reach = max(2, round(RIM * camera.K[0, 0] / max(distance, 1e-3)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Where the picture ends the person goes on.
    return np.asarray(cv2.erode((matte >= SURE).astype(np.uint8), kernel, borderValue=1) > 0)


def _unhidden(point: Doubles, facing: NDArray[np.bool_], camera: Camera) -> NDArray[np.bool_]:
    """Which points (S) nothing hides: a buffer of depth in cells of some pixels, filled by the ``facing`` ones."""
    local = point @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    depth = np.maximum(local[:, 2], 1e-6)
    middle = float(np.median(depth[facing])) if facing.any() else 1.0
    cell = max(1.0, 0.006 * camera.K[0, 0] / middle)
    pixel = (local @ camera.K.T)[:, :2] / depth[:, None] / cell
    wide, high = int(camera.width / cell) + 2, int(camera.height / cell) + 2
    column, row = (np.floor(pixel[:, i]).clip(0, limit - 1).astype(np.int64) for i, limit in ((0, wide), (1, high)))
    nearest = np.full(high * wide, np.inf)
    np.minimum.at(nearest, (row * wide + column)[facing], depth[facing])
    return np.asarray(depth <= nearest[row * wide + column] + BEHIND)

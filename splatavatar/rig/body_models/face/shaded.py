"""A triangle mesh as a shaded picture: a z-buffer in numpy, parallel projection, light from above the viewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Doubles, Longs
from splatavatar.rig.body_models.face.surface import vertex_normals
from splatavatar.rotations import rotation_matrices

LIGHT = np.array([0.25, 0.45, 0.86])
"""direction to it, as seen by the viewer: right, up, towards"""
AMBIENT = 0.35
SMALLEST = 4
"""pixels of a box around a triangle; larger ones are of twice, four times, ... this"""


@dataclass(frozen=True)
class Side:
    """From where a mesh is looked at."""

    middle: Doubles
    """(3) metres, in the middle of the picture"""
    pixels_per_metre: float
    width: int
    height: int
    yaw: float = 0.0
    """radians that the viewer has gone to the subject's left"""
    pitch: float = 0.0
    """and up"""

    def project(self, points: Doubles) -> Doubles:
        """(N, 3) column and row in pixels and nearness in metres of ``points`` (N, 3)."""
        seen = (np.asarray(points, np.float64) - self.middle) @ self.turn.T
        return np.stack(
            [
                self.width / 2 + seen[:, 0] * self.pixels_per_metre,
                self.height / 2 - seen[:, 1] * self.pixels_per_metre,
                seen[:, 2],
            ],
            1,
        )

    @property
    def turn(self) -> Doubles:
        """(3, 3) from the rig's axes to right, up and towards the viewer."""
        about_y, about_x = rotation_matrices(np.array([[0, -self.yaw, 0], [self.pitch, 0, 0]]))
        return np.asarray(about_x @ about_y)


def shaded(vertices: Doubles, faces: Longs, colours: Doubles, side: Side, background: float = 1.0) -> Bytes:
    """A picture (H, W, 3) of the mesh; ``colours`` (F, 3) of its triangles, or (V, 3) of its vertices, in [0, 1]."""
    face, barycentric = visible(vertices, faces, side)
    seen = face >= 0
    corners = faces[face[seen]]
    normals = vertex_normals(np.asarray(vertices, np.float64), faces) @ side.turn.T
    normal = np.einsum("nk,nki->ni", barycentric[seen], normals[corners])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = AMBIENT + (1 - AMBIENT) * np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
    if len(colours) == len(faces):
        colour = colours[face[seen]]
    else:
        colour = np.einsum("nk,nki->ni", barycentric[seen], colours[corners])
    picture = np.full((*face.shape, 3), background)
    picture[seen] = colour * light[:, None]
    return np.asarray((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def visible(vertices: Doubles, faces: Longs, side: Side) -> tuple[NDArray[np.int64], Doubles]:
    """For every pixel (H, W) the nearest triangle that faces the viewer, -1 for none, and (H, W, 3) where on it."""
    at = side.project(vertices)
    nearest = np.full(side.width * side.height, -np.inf)
    face = np.full(side.width * side.height, -1, np.int64)
    place = np.zeros((side.width * side.height, 3))
    corners = at[faces]
    low = np.floor(corners[..., :2].min(1) - 0.5).astype(np.int64)
    size = np.ceil(corners[..., :2].max(1) - 0.5).astype(np.int64) - low + 1
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    # Rows count downwards: what faces the viewer goes round clockwise.
    doubled = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    inside = (low + size > 0).all(1) & (low < [side.width, side.height]).all(1)
    inside &= doubled < 0
    longest = size.max(1)
    box = SMALLEST
    while inside.any():
        chosen = np.flatnonzero(inside & (longest <= box))
        inside[chosen] = False
        step = max(1, (1 << 20) // box**2)
        for first in range(0, len(chosen), step):
            some = chosen[first : first + step]
            x = low[some, 0, None] + np.tile(np.arange(box), box)
            y = low[some, 1, None] + np.repeat(np.arange(box), box)
            px, py = x + 0.5, y + 0.5
            A, B, C = (corners[some, k, :, None] for k in range(3))
            w0 = ((C[:, 0] - B[:, 0]) * (py - B[:, 1]) - (C[:, 1] - B[:, 1]) * (px - B[:, 0])) / doubled[some, None]
            w1 = ((A[:, 0] - C[:, 0]) * (py - C[:, 1]) - (A[:, 1] - C[:, 1]) * (px - C[:, 0])) / doubled[some, None]
            w2 = 1 - w0 - w1
            hit = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (x >= 0) & (y >= 0) & (x < side.width) & (y < side.height)
            depth = w0 * A[:, 2] + w1 * B[:, 2] + w2 * C[:, 2]
            row, column = np.nonzero(hit)
            if not len(row):
                continue
            pixel, near = (y * side.width + x)[row, column], depth[row, column]
            order = np.lexsort((near, pixel))
            last = np.append(pixel[order][1:] != pixel[order][:-1], True)
            best = order[last]
            best = best[near[best] > nearest[pixel[best]]]
            nearest[pixel[best]], face[pixel[best]] = near[best], some[row[best]]
            place[pixel[best]] = np.stack([w[row[best], column[best]] for w in (w0, w1, w2)], 1)
        box *= 2
    shape = (side.height, side.width)
    return face.reshape(shape), place.reshape(*shape, 3)

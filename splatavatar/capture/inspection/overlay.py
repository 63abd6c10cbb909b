"""Pictures that show what was found in a frame: the mesh, the landmarks, the matte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Doubles, Ints
from splatavatar.render.camera import Camera

WIRE, WIRE_OPACITY = (90, 230, 255), 0.6
DETECTED, FITTED = (60, 255, 90), (255, 80, 60)
BEHIND = (255, 0, 255)
"""a colour that no background has"""
MESH_MARGIN, FACE_MARGIN = 1.35, 1.25
"""sides of the views, of the mesh with the hair around it and of the landmarks, by those of what they show"""
FRACTION_BITS = 4
"""OpenCV takes corners in 1/16 of a pixel"""
DOT = 20
"""radius of a landmark, 1/16 of a pixel"""


@dataclass(frozen=True)
class _View:
    """A square of a picture, scaled to ``size`` x ``size`` pixels."""

    corner: Doubles
    """(2) pixels of the picture"""
    scale: float
    size: int

    @staticmethod
    def around(pixels: Doubles, margin: float, size: int) -> _View:
        """The middle of ``pixels`` (N, 2), ``margin`` times as wide as they are."""
        low, high = pixels.min(0), pixels.max(0)
        side = margin * max(float((high - low).max()), 1.0)
        return _View((low + high) / 2 - side / 2, size / side, size)

    def pixels(self, pixels: Doubles) -> Doubles:
        return np.asarray((pixels - self.corner) * self.scale, np.float64)

    def cut(self, image: Bytes) -> Bytes:
        import cv2

        # OpenCV's warp counts from the centre of the first pixel.
        shift = self.scale * (0.5 - self.corner) - 0.5
        place = np.array([[self.scale, 0, shift[0]], [0, self.scale, shift[1]]])
        shape = (self.size, self.size)
        drawn = cv2.warpAffine(image, place, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(drawn, np.uint8)


def project(points: NDArray[np.floating], camera: Camera) -> tuple[Doubles, Doubles]:
    """Pixels (N, 2) and depths (N) in metres of points (N, 3) in the rig frame."""
    seen = points.astype(np.float64) @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    depth = seen[:, 2]
    focal, centre = np.diag(camera.K)[:2], camera.K[:2, 2]
    return seen[:, :2] / np.maximum(depth, 1e-6)[:, None] * focal + centre, depth


def visible_faces(pixels: Doubles, depth: Doubles, faces: Ints, width: int, height: int) -> Ints:
    """Indices of the ``faces`` (F, 3) that at least one pixel shows, by painting all from the back to the front.

    ``pixels`` (V, 2) and ``depth`` (V) are those of the vertices.
    """
    import cv2

    corners = pixels[faces]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    # Counter-clockwise seen from outside is clockwise on the screen only from behind, as rows go down.
    towards = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    towards &= (depth[faces] > 0).all(1)
    order = np.flatnonzero(towards)
    order = order[np.argsort(-depth[faces[order]].mean(1))]
    painted = np.zeros((height, width), np.int32)
    fixed = _fixed(corners)
    for face in order:
        cv2.fillConvexPoly(painted, fixed[face], int(face) + 1, cv2.LINE_8, FRACTION_BITS)
    shown = np.unique(painted)
    return np.asarray(shown[shown > 0] - 1, np.int32)


def with_mesh(image: Bytes, vertices: NDArray[np.floating], faces: Ints, camera: Camera, size: int) -> Bytes:
    """The head of ``image`` as ``size`` x ``size`` pixels with the edges of the visible faces of a posed mesh.

    ``vertices`` (V, 3) in the rig frame, ``faces`` (F, 3).
    """
    import cv2

    pixels, depth = project(vertices, camera)
    view = _View.around(pixels, MESH_MARGIN, size)
    pixels = view.pixels(pixels)
    shown = faces[visible_faces(pixels, depth, faces, size, size)]
    edges = np.unique(np.sort(shown[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0)
    plain = view.cut(image)
    drawn = plain.copy()
    cv2.polylines(drawn, list(_fixed(pixels[edges])), False, WIRE, 1, cv2.LINE_AA, FRACTION_BITS)
    return np.asarray(cv2.addWeighted(drawn, WIRE_OPACITY, plain, 1 - WIRE_OPACITY, 0), np.uint8)


def with_landmarks(image: Bytes, detected: Doubles, fitted: Doubles | None, size: int) -> Bytes:
    """The face of ``image`` as ``size`` x ``size`` pixels: ``detected`` landmarks (L, 2) green, ``fitted`` ones red.

    A line joins each pair; its length is the error.
    """
    import cv2

    view = _View.around(detected, FACE_MARGIN, size)
    drawn = view.cut(image)
    green = _fixed(view.pixels(detected))
    red = None if fitted is None else _fixed(view.pixels(fitted))
    if red is not None:
        cv2.polylines(drawn, list(np.stack([green, red], 1)), False, (255, 255, 255), 1, cv2.LINE_AA, FRACTION_BITS)
    for dots, colour in ((green, DETECTED), (red, FITTED)):
        for x, y in [] if dots is None else dots.tolist():
            cv2.circle(drawn, (x, y), DOT, colour, -1, cv2.LINE_AA, FRACTION_BITS)
    return drawn


def cut_out(image: Bytes, matte: Bytes) -> Bytes:
    """The ``image`` (H, W, 3) over ``BEHIND`` by ``matte`` (H, W)."""
    alpha = matte[..., None] / 255.0
    return np.rint(image * alpha + np.array(BEHIND) * (1 - alpha)).astype(np.uint8)


def _fixed(pixels: Doubles) -> Ints:
    """For OpenCV, where the centre of the first pixel is 0 and not 0.5."""
    limit = 2.0 ** (30 - FRACTION_BITS)
    return np.asarray(np.rint((pixels - 0.5).clip(-limit, limit) * (1 << FRACTION_BITS)), np.int32)

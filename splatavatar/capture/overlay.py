"""Pictures that show what was found in a frame: the mesh, the landmarks, the matte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.render.camera import Camera

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

WIRE, WIRE_OPACITY = (90, 230, 255), 0.55
DETECTED, FITTED = (60, 255, 90), (255, 80, 60)
BEHIND = (255, 0, 255)
"""a colour that no background has"""
FRACTION_BITS = 4
"""OpenCV takes corners in 1/16 of a pixel"""


def project(points: NDArray[np.floating], camera: Camera) -> tuple[Floats, Floats]:
    """Pixels (N, 2) and depths (N) in metres of points (N, 3) in the rig frame."""
    seen = points.astype(np.float64) @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    depth = seen[:, 2]
    focal, centre = np.diag(camera.K)[:2], camera.K[:2, 2]
    return seen[:, :2] / np.maximum(depth, 1e-6)[:, None] * focal + centre, depth


def visible_faces(pixels: Floats, depth: Floats, faces: Ints, width: int, height: int) -> Ints:
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


def with_mesh(image: Bytes, vertices: NDArray[np.floating], faces: Ints, camera: Camera) -> Bytes:
    """``image`` (H, W, 3) with the edges of the visible faces of a posed mesh."""
    import cv2

    pixels, depth = project(vertices, camera)
    shown = faces[visible_faces(pixels, depth, faces, camera.width, camera.height)]
    edges = np.unique(np.sort(shown[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1), axis=0)
    drawn = image.copy()
    cv2.polylines(drawn, list(_fixed(pixels[edges])), False, WIRE, 1, cv2.LINE_AA, FRACTION_BITS)
    return np.asarray(cv2.addWeighted(drawn, WIRE_OPACITY, image, 1 - WIRE_OPACITY, 0), np.uint8)


def with_landmarks(image: Bytes, detected: Floats, fitted: Floats | None, size: int) -> Bytes:
    """The face of ``image`` as ``size`` x ``size`` pixels: ``detected`` landmarks (L, 2) green, ``fitted`` ones red.

    A line joins each pair; its length is the error.
    """
    import cv2

    low, high = detected.min(0), detected.max(0)
    side = 1.25 * float((high - low).max())
    corner = (low + high) / 2 - side / 2
    scale = size / side
    # Where pixel centres are at halves, OpenCV's warp counts from them.
    shift = scale * (0.5 - corner) - 0.5
    place = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    drawn = cv2.warpAffine(image, place, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    green = _fixed((detected - corner) * scale)
    red = None if fitted is None else _fixed((fitted - corner) * scale)
    if red is not None:
        cv2.polylines(drawn, list(np.stack([green, red], 1)), False, (255, 255, 255), 1, cv2.LINE_AA, FRACTION_BITS)
    for dots, colour in ((green, DETECTED), (red, FITTED)):
        for x, y in [] if dots is None else dots.tolist():
            cv2.circle(drawn, (x, y), 1 << FRACTION_BITS, colour, -1, cv2.LINE_AA, FRACTION_BITS)
    return np.asarray(drawn, np.uint8)


def cut_out(image: Bytes, matte: Bytes) -> Bytes:
    """``image`` (H, W, 3) over ``BEHIND`` by ``matte`` (H, W)."""
    alpha = matte[..., None] / 255.0
    return np.rint(image * alpha + np.array(BEHIND) * (1 - alpha)).astype(np.uint8)


def _fixed(pixels: Floats) -> Ints:
    """For OpenCV, where the centre of the first pixel is 0 and not 0.5."""
    limit = 2.0 ** (30 - FRACTION_BITS)
    return np.asarray(np.rint((pixels - 0.5).clip(-limit, limit) * (1 << FRACTION_BITS)), np.int32)

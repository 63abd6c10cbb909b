"""Whether pictures, mattes and cameras show the head that the rig parameters speak of.

A matte that is empty, full or inverted there trains a ghost, and scores well against itself.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.bake.engines.engine import Target
from splatavatar.capture.capture import Frame
from splatavatar.capture.head_region import head_faces
from splatavatar.errors import CaptureError
from splatavatar.printable import printable
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.rig import Rig

SIZE = 128
"""pixels of the height at which pictures are looked at"""
DAMAGED = 0.2
"""share of the training pictures that may be left out"""
FARTHEST, NEAREST = 30.0, 0.02
"""metres from a camera to the head"""
SMALLEST = 16.0
"""pixels of the height of a head"""
EMPTY, COVERED = 0.1, 0.88
"""mean matte of the head: below the first there is none, below the second it is that of another picture; good ones have
0.99 and more"""
INVERTED = 0.65
"""mean matte beside the head above which it is the background's"""
FULL, BESIDE = 0.98, 0.25
"""mean matte beside the head above which it is everything, and the share of the picture that must lie there for that"""
FLAT = 1.0
"""of 255: standard deviation of a picture of nothing"""

WRONG = {
    "unseen": "the camera does not see the head of the rig: the cameras and the rig parameters do not belong together, "
    "or transform_matrix, focal length or principal point are wrong",
    "within": "the camera stands within the head: the unit or the origin of the cameras is not that of the rig",
    "far": f"the camera stands more than {FARTHEST:g} metres from the head: its focal length, or the unit of the "
    "cameras, is wrong",
    "small": f"the head is less than {SMALLEST:g} pixels high: the focal length, or the unit of the cameras, is wrong",
    "blank": "the picture is of one colour where the head is",
    "empty": "the matte is empty where the head is, expected white there",
    "inverted": "the matte is inverted: the head is black and what lies around it white, expected the other way round",
    "full": "the matte is white everywhere, expected black beside the person",
    "bare": "the picture has no mask and no alpha channel, expected a mask_path, white where the person is",
    "beside": "the matte does not lie where the head is: it is that of another picture, or the cameras are wrong",
}

_log = logging.getLogger("splatavatar")


def sound(
    frames: Sequence[Frame],
    targets: Sequence[Target],
    rig: Rig,
    vertices: Callable[[int], Floats],
    estimated: bool = False,
) -> list[Target]:
    """The ``targets``, which are the pictures of ``frames``, that show the head of ``rig`` and have a matte of it.

    ``vertices(timestep)`` are the posed rig (V, 3), metres. A few others are left out with a warning. Mattes that were
    ``estimated`` from this very head may cover less of it.

    Raises:
        CaptureError: more than a few are wrong; says what, where first, and how many.
    """
    posed = cache(vertices)
    faces = head_faces(rig)
    found = [
        wrong_with(target.rgba, target.camera, posed(target.timestep), faces, rig.faces, frame.mask is not None)
        for frame, target in zip(frames, targets, strict=True)
    ]
    if estimated:
        found = [None if kind == "beside" else kind for kind in found]
    kinds = Counter(kind for kind in found if kind is not None)
    if not kinds:
        return list(targets)
    kind = kinds.most_common(1)[0][0]
    first = frames[found.index(kind)]
    of_picture = kind in ("unseen", "within", "far", "small", "blank", "bare")
    path = str(first.picture if of_picture or first.mask is None else first.mask)
    bad = sum(kinds.values())
    if bad > DAMAGED * len(targets):
        count = f"so are {kinds[kind]} of {len(targets)} training pictures"
        raise CaptureError(f"{printable(path)}: {WRONG[kind]} ({count}).")
    _log.warning(
        "%s: %s; %d of %d training pictures are left out for this or the like.",
        *(printable(path), WRONG[kind], bad, len(targets)),
    )
    return [target for target, kind in zip(targets, found, strict=True) if kind is None]


def wrong_with(
    rgba: NDArray[np.uint8],
    camera: Camera,
    vertices: Floats,
    faces: NDArray[np.int32],
    all_faces: NDArray[np.int32],
    has_mask: bool,
) -> str | None:
    """What is wrong with a picture (H, W, 4) of the head ``faces`` of the body ``all_faces``; None where nothing is."""
    import cv2

    head = np.unique(faces)
    local = vertices[head] @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    distance = float(np.linalg.norm(local, axis=1).min())
    if distance < NEAREST or (local[:, 2].min() < 0 < local[:, 2].max() and distance < np.ptp(local[:, 2])):
        return "within"
    size = (max(1, round(camera.width * SIZE / camera.height)), SIZE)
    small = camera.resized(*size)
    outline = silhouette(vertices, faces, small)
    if not outline.any():
        return "unseen"
    if distance > FARTHEST:
        return "far"
    pixels = (local[:, 1] / np.maximum(local[:, 2], 1e-6)) * camera.K[1, 1]
    if np.ptp(pixels) < SMALLEST:
        return "small"
    matte = cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA) / np.float32(255)
    reach = np.ones((5, 5), np.uint8)
    inner = cv2.erode(outline.view(np.uint8), reach, borderValue=1) > 0
    inner = inner if inner.any() else outline
    body = outline | silhouette(vertices, all_faces, small)
    outer = cv2.dilate(body.view(np.uint8), np.ones((9, 9), np.uint8)) == 0
    within, beside = float(matte[inner].mean()), float(matte[outer].mean()) if outer.any() else 0.0
    if within < 1 - INVERTED and beside > INVERTED:
        return "inverted"
    if within < EMPTY:
        return "empty"
    if beside > FULL and within > FULL and outer.mean() > BESIDE:
        return "full" if has_mask or matte.min() < 1 else "bare"
    if within < COVERED:
        return "beside"
    shown = cv2.resize(rgba[..., :3], size, interpolation=cv2.INTER_NEAREST)[inner]
    return "blank" if float(shown.std(0).max()) < FLAT else None

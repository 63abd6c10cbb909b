"""Where a person is in a picture, as far as the outline of the tracked rig tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# All lengths below are in widths of the head, ears included; the height of a head is about 1.4 of them.
CHIN = 1.35
SHOULDERS = 1.6
"""below the top of the head: base of the neck, where the outline opens towards the shoulders"""
TORSO = ((0.36, 1.45), (0.62, 1.75), (1.25, 2.05), (1.35, 2.6), (1.35, 6.0))
"""right half of the outline of neck, shoulders and chest: (right of the middle, below the top of the head)"""
CORE = ((0.2, 1.6), (0.62, 2.15), (0.62, 6.0))
"""right half of what is inside every torso"""
HAIR = 0.08
"""how far short hair stands out from the bare head"""
FAR = 0.62
"""distance from head and torso beyond which there is nothing of the person, above the shoulders"""
INSIDE = 0.05
"""what a wrong fit of the rig may take from its outline"""
SLOPE = 7.0
"""of the prior, in log odds per width of the head"""


@dataclass(frozen=True)
class Anatomy:
    """Geometry of the person in one picture."""

    left: float
    """x of the middle of the head, pixels"""
    top: float
    """y of the top of the bare head, pixels"""
    width: float
    """of the head, pixels"""
    sure: Mask
    """(H, W) certainly the person"""
    core: Mask
    """(H, W) most likely the person: sure, and the middle of the chest"""
    never: Mask
    """(H, W) certainly not the person"""
    prior: Floats
    """(H, W) log odds of the person from the place alone"""


def anatomy(silhouette: Mask) -> Anatomy | None:
    """From the outline (H, W) of head and neck, with or without shoulders; None where there is no outline."""
    import cv2

    shape = silhouette.astype(np.uint8)
    rows = np.flatnonzero(silhouette.any(1))
    if len(rows) == 0:
        return None
    top = int(rows[0])
    width = head_width(silhouette.sum(1)[top:])
    size = silhouette.shape[::-1]
    head = shape.copy()
    head[round(top + CHIN * width) :] = 0
    columns = np.flatnonzero(head.any(0))
    middle = (columns[0] + columns[-1]) / 2
    # A head that leans has its neck elsewhere: the chest hangs below the neck, where the outline has one.
    base = shape[round(top + CHIN * width) : round(top + SHOULDERS * width) + 1]
    below = float(np.nonzero(base)[1].mean()) if base.any() else middle
    axis = (0.5 * middle + 0.5 * below, top)
    torso = polygon(TORSO, axis, width, size)
    sure = eroded(shape, INSIDE * width)
    core = sure | (polygon(CORE, axis, width, size) > 0)
    hair = cv2.dilate(head, disc(HAIR * width))
    expected = (hair | shape | torso) > 0
    distance = signed_distance(expected) / width
    far = distance > FAR
    far[round(top + CHIN * width) :] &= distance[round(top + CHIN * width) :] > 2 * FAR
    prior = np.clip(-SLOPE * distance, -4.0, 3.0).astype(np.float32)
    return Anatomy(float(middle), float(top), float(width), sure > 0, core, far, prior)


def head_width(widths: NDArray[np.int64]) -> float:
    """The greatest of ``widths`` (N) of the rows from the top of the outline, above the mouth: shoulders do not count."""
    widest = np.maximum.accumulate(widths)
    depth = np.arange(len(widths))
    end = np.flatnonzero(depth >= widest)
    return float(max(widest[end[0]] if len(end) else widest[-1], 1))


def polygon(
    half: tuple[tuple[float, float], ...], axis: tuple[float, float], unit: float, size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """(H, W) 1 within a symmetric outline about ``axis`` (x, y), its right half given in multiples of ``unit``."""
    import cv2

    points = np.array([*half, *((-x, y) for x, y in reversed(half))]) * unit + np.array(axis)
    out = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(out, [np.rint(points).astype(np.int32)], 1)
    return out


def signed_distance(mask: Mask) -> Floats:
    """(H, W) pixels to the outline of ``mask``, negative inside."""
    import cv2

    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(outside - inside, np.float32)


def eroded(shape: NDArray[np.uint8], by: float) -> Mask:
    """``shape`` (H, W) less a rim of ``by`` pixels; the border of the picture is no rim."""
    import cv2

    return np.asarray(cv2.erode(shape, disc(by), borderValue=1) > 0)


def disc(radius: float) -> NDArray[np.uint8]:
    """Structuring element."""
    import cv2

    size = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)

"""Where a person is in a picture, as far as the outline of the tracked rig tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Mask

# All lengths below are in widths of the head, ears included; the height of a head is about 1.4 of them.
CHIN = 1.4
SHOULDERS = 1.7
"""below the top of the head: base of the neck, where the outline opens towards the shoulders"""
TORSO = ((0.36, 1.4), (0.66, 1.65), (1.1, 1.95), (1.35, 2.4), (1.35, 8.0))
"""right half of the outline of neck, shoulders and chest: (right of the middle, below the top of the head)"""
HAIR = 0.08
"""how far short hair stands out from the bare head"""
EARS = 1.0
"""below the top of the head: where short hair ends"""
FAR = 0.62
"""distance from head and torso beyond which there is nothing of the person, above the shoulders"""
INSIDE = 0.05
"""what a wrong fit of the rig may take from its outline"""
NEAR = 0.95
"""radius about the middle of the head of what tells where up is"""


@dataclass(frozen=True)
class Anatomy:
    """Geometry of the person in one picture."""

    head: NDArray[np.float64]
    """(2, 3) from pixels to widths of the head about its middle, upright"""
    width: float
    """of the head, pixels"""
    chin: int
    """row"""
    sure: Mask
    """(H, W) certainly the person"""
    never: Mask
    """(H, W) certainly not the person"""

    def enlarged(self, times: int) -> Anatomy:
        """The same in the picture ``times`` as large."""
        import cv2

        size = tuple(times * n for n in self.sure.shape[::-1])
        masks = (self.sure, self.never)
        sure, never = (cv2.resize(m.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0 for m in masks)
        head = self.head @ np.diag([1 / times, 1 / times, 1.0])
        return Anatomy(head, times * self.width, times * self.chin, sure, never)


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
    chin = round(top + CHIN * width)
    to_head, middle = upright(shape, top, width)
    # A head that leans has its neck elsewhere: the chest hangs below the neck, where the outline has one.
    base = shape[chin : round(top + SHOULDERS * width) + 1]
    below = float(np.nonzero(base)[1].mean()) if base.any() else middle
    torso = polygon(TORSO, (below, top), width, size)
    sure = eroded(shape, INSIDE * width)
    upper = shape.copy()
    upper[round(top + EARS * width) :] = 0
    expected = (cv2.dilate(upper, disc(HAIR * width)) | shape | torso) > 0
    distance = signed_distance(expected) / width
    far = distance > FAR
    far[chin:] &= distance[chin:] > 2 * FAR
    return Anatomy(to_head, width, chin, sure, far)


def head_width(widths: NDArray[np.int64]) -> float:
    """The greatest of ``widths`` (N) of the rows of the outline, from its top to the mouth: shoulders do not count."""
    widest = np.maximum.accumulate(widths)
    end = np.flatnonzero(np.arange(len(widths)) >= widest)
    return float(max(widest[end[0]] if len(end) else widest[-1], 1))


def upright(shape: NDArray[np.uint8], top: int, width: float) -> tuple[NDArray[np.float64], float]:
    """The map (2, 3) from pixels to widths of the head about its middle, turned upright, and the middle's x.

    The middle is the centroid of the skull, the upright the longer axis of what of ``shape`` (H, W) is near it.
    """
    import cv2

    skull = shape.copy()
    skull[round(top + width) :] = 0
    m = cv2.moments(skull, binaryImage=True)
    x, y = m["m10"] / m["m00"], m["m01"] / m["m00"]
    near = np.zeros_like(shape)
    cv2.circle(near, (round(x), round(y)), round(NEAR * width), 1, -1)
    m = cv2.moments(near & shape, binaryImage=True)
    longer = np.array([m["mu02"] - m["mu20"], -2 * m["mu11"]]) / (m["mu02"] + m["mu20"])
    # A head seen from the side is as wide as high and has no longer axis.
    trust = np.clip((np.linalg.norm(longer) - 0.08) / 0.1, 0, 1)
    angle = float(np.clip(0.5 * np.arctan2(longer[1], longer[0]), -1, 1) * trust)
    cos, sin = np.cos(angle) / width, np.sin(angle) / width
    return np.array([[cos, sin, -cos * x - sin * y], [-sin, cos, sin * x - cos * y]]), x


def polygon(
    half: tuple[tuple[float, float], ...], axis: tuple[float, float], unit: float, size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """A mask (H, W), 1 within a symmetric outline about ``axis`` (x, y), its right half in multiples of ``unit``."""
    import cv2

    points = np.array([*half, *((-x, y) for x, y in reversed(half))]) * unit + np.array(axis)
    out = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(out, [np.rint(points).astype(np.int32)], 1)
    return out


def signed_distance(mask: Mask) -> Floats:
    """The distance (H, W) in pixels to the outline of ``mask``, negative inside."""
    import cv2

    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(outside - inside, np.float32)


def eroded(shape: NDArray[np.uint8], by: float) -> Mask:
    """The ``shape`` (H, W) less a rim of ``by`` pixels; the border of the picture is no rim."""
    import cv2

    return np.asarray(cv2.erode(shape, disc(by), borderValue=1) > 0)


def disc(radius: float) -> NDArray[np.uint8]:
    """Structuring element."""
    import cv2

    size = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)

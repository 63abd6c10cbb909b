"""Pictures whose mask departs from those of their neighbours: a leak into the background, or a hole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Mask
from splatavatar.capture.matting.anatomy import disc
from splatavatar.capture.matting.picture import HeadPicture

REACH = 4
"""neighbours on either side"""
FEWEST = 3
"""neighbours without which nothing can be told"""
AGREE = 0.7
"""share of the neighbours that must say otherwise"""
BLOB = 0.1
"""widths of the head: narrower differences are those of an outline that moves"""
PUSH = 7.0
"""log odds by which the neighbours persuade: the network, which weighs 4, is made to hesitate"""
FORGIVEN = 0.01
"""squares of the width of the head: area of the differences that the weight does not feel"""
GRAVE = 0.06
"""squares of the width of the head: area of the differences at which the weight falls to 1/e"""
REPAIRED = 0.5
"""weight of a mask that was wrong and now agrees with its neighbours"""
LEAST = 0.05
"""weight"""


@dataclass(frozen=True)
class Departure:
    """The pixels in which one mask differs from its neighbours."""

    odds: Floats
    """(H, W) log odds of the person that they add"""
    area: float
    """of the differences, squares of the width of the head"""


def departures(
    pictures: Sequence[HeadPicture], masks: Sequence[Mask], only: Sequence[int] | None = None
) -> list[Departure]:
    """The departures of every one of the ``masks`` (H, W), or of those at the indices ``only``, in their order.

    A neighbour is laid over the picture twice, by the head and by the frame: heads and hair agree in the one, chests in
    the other. Only what departs in both departs.
    """
    return [_departure(pictures, masks, k) for k in (range(len(masks)) if only is None else only)]


def weight(before: float, after: float) -> float:
    """How far a mask can be trusted whose differences had the area ``before``, and ``after`` its repair."""
    found, left = (float(np.exp(-max(area - FORGIVEN, 0.0) / GRAVE)) for area in (before, after))
    return max(left * max(found, REPAIRED), LEAST)


def _departure(pictures: Sequence[HeadPicture], masks: Sequence[Mask], k: int) -> Departure:
    import cv2

    own, mask = pictures[k], masks[k]
    near = [n for n in range(max(k - REACH, 0), min(k + REACH + 1, len(masks))) if n != k]
    if len(near) < FEWEST:
        return Departure(np.zeros(mask.shape, np.float32), 0.0)
    differs = []
    for transform in (_by_head, _by_frame):
        share = np.zeros(mask.shape, np.float32)
        for n in near:
            moved = transform(pictures[n], own)
            other = masks[n].astype(np.float32)
            share += cv2.warpAffine(other, moved, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE) / len(near)
        differs.append((mask & (share < 1 - AGREE)) | (~mask & (share > AGREE)))
    blob = (differs[0] & differs[1] & ~own.padded).astype(np.uint8)
    blob = cv2.morphologyEx(blob, cv2.MORPH_OPEN, disc(0.5 * BLOB * own.plan.width))
    area = float(blob.sum()) / own.plan.width**2
    wide = cv2.dilate(blob, disc(0.5 * BLOB * own.plan.width)) > 0
    return Departure(np.where(wide, np.where(mask, -PUSH, PUSH), 0).astype(np.float32), area)


def _by_head(other: HeadPicture, own: HeadPicture) -> NDArray[np.float64]:
    """(2, 3) from the pixels of ``other`` to those of ``own`` at the same place relative to the head."""
    to_own = np.linalg.inv(np.vstack([own.plan.head, [0, 0, 1]]))
    return np.asarray((to_own @ np.vstack([other.plan.head, [0, 0, 1]]))[:2], np.float64)


def _by_frame(other: HeadPicture, own: HeadPicture) -> NDArray[np.float64]:
    """(2, 3) from the pixels of ``other`` to those of ``own`` at the same place of the frame."""
    dx, dy = other.offset[0] - own.offset[0], other.offset[1] - own.offset[1]
    return np.array([[1.0, 0, dx], [0, 1.0, dy]])

"""One person in one piece, without wires."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Mask
from splatavatar.capture.matting.anatomy import disc


def one_piece(mask: Mask, sure: Mask, hole: float) -> Mask:
    """The parts of ``mask`` (H, W) that touch ``sure``, without holes smaller than ``hole`` pixels."""
    import cv2

    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    kept = np.zeros(parts.max() + 1, bool)
    kept[np.unique(parts[sure & mask])] = True
    kept[0] = False
    out = kept[parts]
    count, gaps, stats, _ = cv2.connectedComponentsWithStats((~out).astype(np.uint8), connectivity=4)
    small = np.zeros(count, bool)
    small[1:] = stats[1:, cv2.CC_STAT_AREA] < hole
    return np.asarray(out | small[gaps])


def without_wires(mask: Mask, sure: Mask, thickness: float) -> Mask:
    """The ``mask`` (H, W) less what is thinner than ``thickness`` pixels and not in ``sure``: cables, frames."""
    import cv2

    element = disc(thickness / 2)
    # What lies outside the picture continues what is at its border.
    edge = 2 * len(element)
    wide = cv2.copyMakeBorder((mask | sure).astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, element)
    near = cv2.dilate(opened, disc(1))[edge:-edge, edge:-edge] > 0
    return np.asarray(mask & (near | sure))

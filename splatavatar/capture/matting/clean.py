"""One person in one piece."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Mask


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

"""From a mask at half resolution to a matte with soft edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RADIUS = 6
EDGE = 7.0
"""levels; contrast below this is no edge"""


def soften(mask: NDArray[np.bool_], image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(S, S) in [0, 1] from a ``mask`` of any size and the ``image`` (S, S, 3): He, Sun and Tang, Guided Image Filtering."""
    import cv2

    full = cv2.resize(mask.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    matte = cv2.ximgproc.guidedFilter(image, full, RADIUS, EDGE**2)
    return np.clip((matte - 0.1) / 0.8, 0.0, 1.0).astype(np.float32)

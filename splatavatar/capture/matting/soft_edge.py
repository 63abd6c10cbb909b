"""From a mask at half resolution to a matte with soft edges, by the guided filter.

He, Sun and Tang, "Guided Image Filtering", ECCV 2010: the matte becomes locally linear in the colours of the picture.
The first pass, wide and at the resolution of the mask, finds which strands and gaps belong together, the second follows
the picture's own edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.capture.matting.anatomy import signed_distance

WIDE, NARROW = 8, 6
"""pixels: radii of the passes, the first at the resolution of the mask"""
COARSER = 0.5
"""scale at which the filter finds its linear coefficients (He and Sun, "Fast Guided Filter", 2015)"""
WIDE_CONTRAST, NARROW_CONTRAST = 5.0, 4.0
"""levels; contrast below this is no edge"""
WIDE_MARGIN, NARROW_MARGIN = 0.2, 0.05
"""what lies within this of zero or one counts as that: the filter is linear and leaves a haze"""
STRAND, FADE = 2.0, 4.0
"""pixels at the resolution of the mask: how far from its outline a matte may be soft, and over how many it then ends"""


def soften(mask: NDArray[np.bool_], image: NDArray[np.uint8]) -> Floats:
    """The matte (S, S) in [0, 1] from a ``mask`` of any size and the ``image`` (S, S, 3)."""
    import cv2

    small = cv2.resize(image, mask.shape[::-1], interpolation=cv2.INTER_AREA)
    wide = cv2.ximgproc.guidedFilter(small, mask.astype(np.float32), WIDE, WIDE_CONTRAST**2, scale=COARSER)
    distance = signed_distance(mask)
    outside, inside = (np.clip((STRAND + FADE - d) / FADE, 0, 1) for d in (distance, -distance))
    limited = np.clip(_stretched(wide, WIDE_MARGIN), 1 - inside, outside)
    full = cv2.resize(limited, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    narrow = cv2.ximgproc.guidedFilter(image, full, NARROW, NARROW_CONTRAST**2, scale=COARSER)
    return _stretched(narrow, NARROW_MARGIN)


def _stretched(matte: Floats, margin: float) -> Floats:
    return np.asarray(np.clip((matte - margin) / (1 - 2 * margin), 0.0, 1.0), np.float32)

"""How often each colour is the person's and how often the background's, over all the pictures of a clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats

BINS = 32
LEVELS = 8 * 4 * 4
"""colours in a bin: chroma is resolved twice as finely as luma"""
BLUR = 0.8
"""bins; pictures are noisy and compressed"""
UNSEEN = 3e-5
"""share that a bin without any sample counts as; keeps unseen colours undecided"""


class Histogram:
    """Smoothed histogram of colours in Y'CrCb."""

    def __init__(self) -> None:
        self._counts = np.zeros(BINS**3)

    def add(self, bins: NDArray[np.int32]) -> None:
        """Count pixels by their ``bins`` (N)."""
        self._counts += np.bincount(bins, minlength=BINS**3)

    def log_density(self) -> Floats:
        """The natural logarithm (BINS^3) of the probability per colour; uniform without any sample."""
        import cv2

        share = (self._counts / max(self._counts.sum(), 1.0)).astype(np.float32)
        cube = cv2.GaussianBlur(share.reshape(BINS, BINS * BINS), (1, 5), BLUR, None, BLUR).reshape(BINS, BINS, BINS)
        smooth = np.stack([cv2.GaussianBlur(plane, (5, 5), BLUR) for plane in cube]).ravel()
        return np.log((smooth + UNSEEN) / ((1 + BINS**3 * UNSEEN) * LEVELS)).astype(np.float32)


def bins_of(colours: Bytes) -> NDArray[np.int32]:
    """The bin (H, W) of each of the Y'CrCb ``colours`` (H, W, 3)."""
    y, cr, cb = (colours[..., channel].astype(np.int32) for channel in range(3))
    # Chroma of natural pictures keeps to the middle half of its range.
    cr, cb = (np.clip((c >> 2) - 16, 0, BINS - 1) for c in (cr, cb))
    return np.asarray(((y >> 3) * BINS + cr) * BINS + cb, np.int32)

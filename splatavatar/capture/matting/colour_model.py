"""How much more often a colour is the person's than the background's, over all the pictures of a clip."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

BINS = 32
BLUR = 0.8
"""bins; pictures are noisy and compressed"""
PRIOR = 3e-5
"""share of the pixels that a colour without any sample counts as; keeps unseen colours undecided"""
LIMIT = 4.0
"""log odds"""


class ColourModel:
    """Smoothed histograms of colours in Y'CrCb."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, BINS**3))

    def add(self, colours: NDArray[np.uint8], person: Mask, background: Mask) -> None:
        """Learn from a picture (H, W, 3) in which some pixels are known."""
        bins = _bins(colours)
        for label, mask in enumerate((background, person)):
            self._counts[label] += np.bincount(bins[mask], minlength=BINS**3)

    def odds(self) -> Floats:
        """(BINS^3) log odds of the person, to be looked up with ``look_up``."""
        import cv2

        share = []
        for counts in self._counts:
            total = max(counts.sum(), 1.0)
            cube = (counts / total).reshape(BINS, BINS * BINS).astype(np.float32)
            cube = cv2.GaussianBlur(cube, (1, 5), BLUR, None, BLUR)
            planes = cube.reshape(BINS, BINS, BINS)
            cube = np.stack([cv2.GaussianBlur(plane, (5, 5), BLUR) for plane in planes])
            share.append(cube.ravel() + PRIOR)
        return np.clip(np.log(share[1] / share[0]), -LIMIT, LIMIT).astype(np.float32)


def look_up(odds: Floats, colours: NDArray[np.uint8]) -> Floats:
    """(H, W) log odds of the colours (H, W, 3) of a picture."""
    return odds[_bins(colours)]


def learn(samples: Iterable[tuple[NDArray[np.uint8], Mask, Mask]]) -> Floats:
    """The log odds from pictures with what is known of them: (colours, person, background)."""
    model = ColourModel()
    for colours, person, background in samples:
        model.add(colours, person, background)
    return model.odds()


def _bins(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    shift = 8 - BINS.bit_length() + 1
    y, cr, cb = (colours[..., channel].astype(np.int32) for channel in range(3))
    # Chroma of natural pictures keeps to the middle half of its range.
    cr, cb = (np.clip(2 * c - 128, 0, 255) for c in (cr, cb))
    return np.asarray(((y >> shift) * BINS + (cr >> shift)) * BINS + (cb >> shift), np.int32)

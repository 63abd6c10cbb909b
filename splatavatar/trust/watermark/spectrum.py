"""What of a picture may be a mark: its fine detail, levelled, and the waves in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.extras import required

SMOOTH = 2.2
"""pixels, standard deviation: what is smoother is the picture's own"""
NEAR = 3.0
"""pixels, standard deviation of the neighbourhood whose contrast is levelled"""
LEVELLED = 0.7
"""power of that contrast by which detail is divided: 1 would leave all as loud, also where nothing of a mark is left"""
LEAST = 0.05
"""contrast in 8-bit steps below which nothing is raised further"""
STILL = 1.0
"""motion in 8-bit steps that is as good as none"""
AROUND = 64
"""the spectrum is levelled over this part of its width"""
LOUD = 1.5
"""a wave counts at most so many times the median: stripes and grids of the picture are no evidence"""


def detail(luma: Floats, motion: Floats | None = None) -> Floats:
    """The levelled detail (H, W) of a picture, or of the mean of pictures, of 0 to 255.

    ``motion`` (H, W) is the standard deviation of the pictures: where they move, the mean has lost their own detail,
    and what is left of it counts for more.
    """
    cv2 = required("cv2")
    fine = luma - cv2.GaussianBlur(luma, (0, 0), SMOOTH)
    contrast = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), NEAR))
    levelled = fine / (contrast + LEAST) ** LEVELLED
    if motion is not None:
        levelled *= np.sqrt(np.sqrt(cv2.GaussianBlur(motion * motion, (0, 0), NEAR)) + STILL)
    return np.asarray(levelled, np.float32)


class Spectrum:
    """The waves of a levelled picture, of any frequency, with the middle of the picture as the origin."""

    def __init__(self, levelled: Floats) -> None:
        """``levelled`` is that of ``detail``."""
        cv2 = required("cv2")
        height, width = levelled.shape
        self.longest = max(height, width)
        """pixels of the longer side"""
        size = 1 << int(np.ceil(np.log2(2 * self.longest)))
        padded = np.zeros((size, size), np.float32)
        padded[:height, :width] = levelled
        waves = np.fft.rfft2(np.roll(padded, (-(height // 2), -(width // 2)), (0, 1)))
        # The other half is its mirror image; both are kept, for it is read at any place.
        whole = np.empty((size, size), np.complex64)
        whole[:, : size // 2 + 1] = waves
        mirrored = np.conj(waves[:, 1 : size // 2][:, ::-1])
        whole[0, size // 2 + 1 :] = mirrored[0]
        whole[1:, size // 2 + 1 :] = mirrored[1:][::-1]
        power = np.fft.fftshift(np.abs(whole) ** 2).astype(np.float32)
        around = size // AROUND | 1
        level = np.fft.ifftshift(cv2.blur(power, (around, around), borderType=cv2.BORDER_REFLECT))
        self._waves = whole / np.sqrt(level + 1e-9 * level.max() + 1e-20)

    def at(self, frequencies: Floats) -> NDArray[np.complex64]:
        """The waves (...) of ``frequencies`` (..., 2), cycles a pixel right and down; 0 where a picture has none.

        Each row, along the last axis, is held to ``LOUD`` times its median.
        """
        size = len(self._waves)
        place = frequencies * size
        corner = np.floor(place).astype(np.int32)
        x, y = np.moveaxis(place - corner, -1, 0).astype(np.float32)
        column, row = np.moveaxis(corner, -1, 0)
        left, right, upper, lower = column % size, (column + 1) % size, row % size, (row + 1) % size
        waves = self._waves
        above = waves[upper, left] * (1 - x) + waves[upper, right] * x
        below = waves[lower, left] * (1 - x) + waves[lower, right] * x
        found = np.where((np.abs(frequencies) < 0.5).all(-1), above * (1 - y) + below * y, 0)
        loudness = np.abs(found)
        most = LOUD * np.median(loudness, -1, keepdims=True) + 1e-12
        return np.asarray(found * np.minimum(1, most / np.maximum(loudness, 1e-12)), np.complex64)

"""The mark put into a picture: stronger where the picture is busy, as strong as nobody sees over the whole of it."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.render import _native

BLOCK = 8
"""pixels a side of the squares that have a strength each"""
LEVELS = 64
"""of busyness"""
STEP = 2
"""pixels between those compared"""
CAP = 24
"""of the difference of two: an edge alone is not busy"""
SHIFT = 11
"""bits of a gain below 1: a pixel changes by (gain tile + 1024) >> 11"""
TILE_RMS = 30.0
SQUARE_ERROR = 2.35
"""mean square of the changes in 8-bit steps, at most: 44.4 dB, and rounding adds to it"""
VISIBLE, SEEN_POWER = 0.0094, 0.7
"""most of FLIP's mean error, and the power of the change with which it grows (Andersson et al. 2020, section 4.1)"""
SEEN = 0.016
"""FLIP's error where the root mean square of the change is 1"""
FULL, SHAPE = 40, 1.75
"""busyness from which on the mark is no stronger, and the power of the busyness with which it grows"""
LARGEST = 6.0
"""root mean square of the change in 8-bit steps, at most anywhere"""
STRENGTHS, OCTAVE, WEAKER = 96, 8, 16
"""a ladder of so many strengths, of so many an octave, so many of them below 1"""


def busyness(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How busy each square of 8 x 8 pixels is, (ceil(H / 8), ceil(W / 8)) of 0 to 63: the definition.

    With L = (77 R + 150 G + 29 B + 128) >> 8 the sum, over all pairs in the square that are two pixels apart in a row
    or a column, of min(|difference|, 24), halved five times.
    """
    height, width = image.shape[:2]
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    colours = image[..., :3].astype(np.int32)
    luma = (colours @ np.array([77, 150, 29], np.int32) + 128) >> 8
    across = np.zeros((rows * BLOCK, columns * BLOCK), np.int32)
    down = np.zeros_like(across)
    across[:height, : max(width - STEP, 0)] = np.minimum(np.abs(luma[:, STEP:] - luma[:, :-STEP]), CAP)
    down[: max(height - STEP, 0), :width] = np.minimum(np.abs(luma[STEP:] - luma[:-STEP]), CAP)
    across = across.reshape(rows, BLOCK, columns, BLOCK)[:, :, :, : BLOCK - STEP]
    down = down.reshape(rows, BLOCK, columns, BLOCK)[:, : BLOCK - STEP]
    total = across.sum((1, 3)) + down.sum((1, 3))
    return np.asarray(np.minimum(total >> 5, LEVELS - 1), np.uint8)


def gains(counts: NDArray[np.int64]) -> NDArray[np.int16]:
    """The gain (64) of each level of busyness in a picture with ``counts`` (64) squares of each.

    The largest strength of the ladder is taken with which neither PSNR nor FLIP of the whole picture gets too bad.
    """
    changes, squares, seen = _ladder()
    fits = (squares @ counts <= SQUARE_ERROR * counts.sum()) & (seen @ counts <= VISIBLE * counts.sum())
    step = max(int(np.argmin(fits)) - 1, 0) if not fits.all() else len(fits) - 1
    return np.asarray(np.rint(changes[step] * ((1 << SHIFT) / TILE_RMS)), np.int16)


@cache
def _ladder() -> tuple[Doubles, Doubles, Doubles]:
    """(96, 64) by strength and busyness: the root mean square of the changes, its square, and how much it is seen."""
    levels = (np.minimum(np.arange(LEVELS), FULL) / FULL) ** SHAPE
    strengths = 2.0 ** ((np.arange(STRENGTHS) - WEAKER) / OCTAVE)
    changes = np.minimum(strengths[:, None] * levels, LARGEST)
    return changes, changes**2, SEEN * changes**SEEN_POWER


def marked(image: NDArray[np.uint8], tile: NDArray[np.int8]) -> NDArray[np.uint8]:
    """A copy of ``image`` (H, W, 3), or (H, W, 4) with straight alpha, that carries ``tile`` (128, 128)."""
    image = np.ascontiguousarray(image)
    height, width = image.shape[:2]
    busy = np.empty((-(-height // BLOCK), -(-width // BLOCK)), np.uint8)
    _native.mark_busyness(image, busy)
    out = np.empty_like(image)
    _native.mark(image, busy, gains(np.bincount(busy.ravel(), minlength=LEVELS)), tile, out)
    return out


def marked_reference(image: NDArray[np.uint8], tile: NDArray[np.int8]) -> NDArray[np.uint8]:
    """What ``marked`` makes: the definition, to which a test holds the native code."""
    height, width = image.shape[:2]
    busy = busyness(image)
    gain = gains(np.bincount(busy.ravel(), minlength=LEVELS))[busy].astype(np.int32)
    gain = gain.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]
    y, x = np.arange(height) % len(tile), np.arange(width) % len(tile)
    change = (gain * tile[y[:, None], x[None]] + (1 << SHIFT - 1)) >> SHIFT
    if image.shape[2] == 4:
        change = np.where(image[..., 3] > 0, change, 0)
    out = image.copy()
    out[..., :3] = np.clip(image[..., :3].astype(np.int32) + change[..., None], 0, 255)
    return out

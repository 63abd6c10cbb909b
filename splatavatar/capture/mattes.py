"""What the values of a matte mean: how much of a pixel is the person, whatever the file counts in.

Mattes come as 0 and 255, 0 and 1, 0 to 65535, 0.0 to 1.0, in a channel of alpha, as colours of a palette. What can be
meant in one way only is scaled; what can be meant in several is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.capture.references import PictureReference
from splatavatar.errors import CaptureError

if TYPE_CHECKING:
    from PIL.Image import Image

Numbers = NDArray[Any]

OVERSHOOT = 0.05
"""beyond 0 and 1, that resampling gives"""
OPAQUE = 0.5
"""share of the pixels that are not empty, all of one value and none above it: that value is opaque then"""
NEARLY = 0.9
"""of the full scale: a matte that reaches it counts in that scale"""
FLAT = 0.01
"""share of a picture that lies inside areas of a third value: a map of labels or a trimap. The edge of a soft matte has
no areas."""
AGREE = 0.1
"""mean difference of two channels below which they are the same matte"""
EXPECTED = "expected a matte, white where the person is and black elsewhere"


def matte_of(image: Image, path: PictureReference) -> Bytes:
    """The matte (H, W), 0-255, of a picture opened as ``image``; ``path`` says of which.

    Raises CaptureError where it may mean several things.
    """
    alpha = None
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        alpha, colour = rgba[..., 3], np.asarray(image.convert("RGBA").convert("RGB").convert("L"))
        if alpha.min() == alpha.max():
            alpha = None
    elif image.mode in ("F", "I") or image.mode.startswith("I;"):
        return scaled(np.asarray(image), path)
    else:
        colour = np.asarray(image.convert("L"))
    if alpha is None:
        return scaled(colour, path)
    cut_out = scaled(alpha, path)
    if colour.min() == colour.max() or not _grey(rgba):
        return cut_out  # one colour, or the person cut out: the alpha is the matte
    shown = colour[cut_out > 127]
    if len(shown) and shown.min() == shown.max():
        return cut_out  # of one colour where anything is seen of it
    matte = scaled(colour, path)
    if np.abs(matte.astype(np.int64) - cut_out).mean() > 255 * AGREE:
        raise CaptureError(f"{path}: the colours and the alpha channel are two different mattes; keep one of them.")
    return cut_out


def scaled(values: Numbers, path: PictureReference) -> Bytes:
    """The matte (H, W), 0-255, of one in any scale.

    Raises CaptureError for values that are no matte, or one of an unknown scale.
    """
    if values.dtype == np.bool_:
        return np.where(values, np.uint8(255), np.uint8(0))
    if not values.size:
        raise CaptureError(f"{path}: no pixels, {EXPECTED}.")
    if values.dtype.kind == "f":
        values = _floats(values, path)
    elif int(values.min()) < 0:
        raise CaptureError(f"{path}: values down to {values.min()}, {EXPECTED}.")
    _refuse_labels(values, path)
    full = _full(values, path)
    if values.dtype == np.uint8 and full == 255:
        return np.asarray(values)
    if full == 65535 and values.dtype.kind in "iu":
        return np.asarray(values.astype(np.int64) // 257, np.uint8)
    return np.rint(values.astype(np.float64) * (255.0 / full)).clip(0, 255).astype(np.uint8)


def _full(values: Numbers, path: PictureReference) -> float:
    """The value that stands for a pixel that is all person."""
    top = float(values.max())
    natural = next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), 0.0)
    if natural and top >= NEARLY * natural:
        return natural
    seen = values[values > 0]
    if 0 < len(seen) < values.size and (seen == top).mean() >= OPAQUE:
        return top
    if values.dtype == np.uint8:
        return 255.0
    if values.dtype.kind in "iu" and natural:
        return natural
    if top == 0 or natural == 1.0:
        return 1.0
    raise CaptureError(f"{path}: values up to {top:g} in a scale that cannot be known, {EXPECTED} in 8 bits.")


def _floats(values: Numbers, path: PictureReference) -> Numbers:
    if not np.isfinite(values).all():
        raise CaptureError(f"{path}: values that are not finite, {EXPECTED}.")
    low, top = float(values.min()), float(values.max())
    if low < -OVERSHOOT * max(1.0, top):
        raise CaptureError(f"{path}: values down to {low:g}, {EXPECTED}.")
    return values.clip(0, 1 if top <= 1 + OVERSHOOT else None)


def _refuse_labels(values: Numbers, path: PictureReference) -> None:
    """Raises CaptureError where whole areas have a value that is neither the smallest nor the largest."""
    low, top = values.min(), values.max()
    levels, counts = _levels(values)
    common = counts > FLAT * values.size
    if top < 32:  # labels count from 0, and nothing soft has so few steps
        odd = levels[common & (levels > low) & (levels < top)]
    elif low > 0.1 * top and len(levels) == 2:  # no background: something was to be ignored
        odd = levels[:1]
    else:
        # Hair may be nearly clear all over, and 250 of 255 may be what a matter calls opaque.
        odd = levels[common & (levels > max(low, 0.1 * top)) & (levels < NEARLY * top)]
    odd = odd[[_area(values, level) > FLAT * values.size for level in odd]] if len(odd) else odd
    if len(odd):
        found = ", ".join(f"{level:g}" for level in np.unique([low, *odd, top])[:6])
        raise CaptureError(f"{path}: areas of {found}, as in a trimap or a map of labels; {EXPECTED}.")


def _levels(values: Numbers) -> tuple[Numbers, Numbers]:
    """The values that occur, ascending, and how often."""
    if values.dtype.itemsize > 2:
        return np.unique(values, return_counts=True)
    counts = np.bincount(values.ravel())
    levels = np.flatnonzero(counts)
    return levels, counts[levels]


def _area(values: Numbers, level: Any) -> int:
    """How many pixels have the value ``level`` together with all eight around them."""
    has = values == level
    flat = has[1:-1, 1:-1].copy()
    for row in range(3):
        for column in range(3):
            flat &= has[row : row + flat.shape[0], column : column + flat.shape[1]]
    return int(flat.sum())


def _grey(rgba: Bytes) -> bool:
    """Whether the colours are shades of grey."""
    colour = rgba[..., :3].astype(np.int64)
    return bool((colour.max(2) - colour.min(2)).max() <= 2)

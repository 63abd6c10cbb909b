"""What of a picture lies outside the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.crop import Window


def outside(image: NDArray[np.uint8], window: Window) -> NDArray[np.bool_]:
    """(S, S) where ``image`` (S, S, 3), cut out with ``window``, repeats the border of the frame.

    The window knows the left and the upper border. At the other two, what is repeated is alike to the last pixel.
    """
    size = len(image)
    scale = size / window.size
    out = np.zeros((size, size), bool)
    out[: max(round(-window.y * scale), 0)] = True
    out[:, : max(round(-window.x * scale), 0)] = True
    out[size - _repeated(image) :] = True
    out[:, size - _repeated(image.transpose(1, 0, 2)) :] = True
    return out


def _repeated(image: NDArray[np.uint8]) -> int:
    """How many of the last rows are equal to the very last, without one of them; 0 where the last two differ."""
    rows = 1
    while rows < len(image) and np.array_equal(image[-1 - rows], image[-1]):
        rows += 1
    return rows - 1

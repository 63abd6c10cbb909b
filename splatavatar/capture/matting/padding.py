"""What of a picture lies outside the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.video.crop import Crop


def outside(image: NDArray[np.uint8], window: Crop) -> NDArray[np.bool_]:
    """The pixels (S, S) where ``image`` (S, S, 3), cut out with ``window``, repeats the border of the frame.

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


def continued(mask: NDArray[np.bool_], padded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ``mask`` (H, W) with what is at the border of the frame repeated over all that is ``padded``."""
    import cv2

    rows, columns = np.flatnonzero(~padded.all(1)), np.flatnonzero(~padded.all(0))
    if len(rows) == 0:
        return mask
    y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    borders = (int(y0), len(mask) - int(y1), int(x0), mask.shape[1] - int(x1))
    inside = mask[y0:y1, x0:x1].view(np.uint8)
    return np.asarray(cv2.copyMakeBorder(inside, *borders, cv2.BORDER_REPLICATE) > 0)

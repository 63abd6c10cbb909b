"""Black bars that some program added at the borders of a video: there is nothing in them, not even darkness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes

BLACK = 24
"""of 255: what black becomes at most in a bar, once it is compressed"""
SOLID = 0.995
"""share of the pixels of a row of a bar that are black"""
BRIGHT = 40
"""of 255: what surely is no bar"""
EDGE = 0.5
"""share of the pixels beside a bar that are bright in some picture: a dark room has no such edge"""
SOFT = 4
"""rows over which the edge may be blurred"""
LEAST = 0.3
"""share of the height, and of the width, that is left at least; else there are no bars"""


def content(pictures: Sequence[Bytes]) -> tuple[int, int, int, int]:
    """The x0, y0, x1, y1 of what lies between the bars of ``pictures`` (H, W, 3) of a video: all of it without bars."""
    brightest = np.stack([picture.max(2) for picture in pictures])
    _, height, width = brightest.shape
    x0, y0, x1, y1 = 0, 0, width, height
    for _ in range(2):  # the bars of one direction hide the edge of those of the other
        y0, y1 = _span(brightest[:, :, x0:x1])
        x0, x1 = _span(brightest[:, y0:y1].swapaxes(1, 2))
    return x0, y0, x1, y1


def _span(pictures: Bytes) -> tuple[int, int]:
    """First and one beyond the last row of (K, H, W) that belong to the content."""
    length = pictures.shape[1]
    black = (pictures <= BLACK).mean(2).min(0) >= SOLID
    bright = (pictures > BRIGHT).mean(2).max(0) >= EDGE
    start, end = _bar(black, bright), length - _bar(black[::-1], bright[::-1])
    return (start, end) if end - start >= LEAST * length else (0, length)


def _bar(black: NDArray[np.bool_], bright: NDArray[np.bool_]) -> int:
    """Rows at the start that are a bar, its soft edge included."""
    if not black[0] or black.all():
        return 0
    thick = int(np.argmin(black))
    after = np.flatnonzero(bright[thick : thick + SOFT + 1])
    return thick + int(after[0]) if len(after) else 0

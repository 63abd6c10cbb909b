"""The part of a frame that becomes a picture of the capture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """A square of the frame, scaled to ``out`` x ``out`` pixels.

    It may reach over the border of the frame; the picture repeats the border there.
    """

    x: int
    """pixels from the left border of the frame to that of the window; may be negative"""
    y: int
    size: int
    """pixels of the frame"""
    out: int
    """pixels of the picture"""

    @property
    def scale(self) -> float:
        """Pixels of the picture per pixel of the frame."""
        return self.out / self.size

    def cut(self, image: Bytes) -> Bytes:
        """The window of ``image`` (H, W, 3) as (out, out, 3)."""
        import cv2

        height, width = image.shape[:2]
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.size, width), min(self.y + self.size, height)
        inside = image[y0:y1, x0:x1]
        borders = (y0 - self.y, self.y + self.size - y1, x0 - self.x, self.x + self.size - x1)
        if any(borders):
            inside = cv2.copyMakeBorder(inside, *borders, cv2.BORDER_REPLICATE)
        shrinks = self.out < self.size
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(inside, (self.out, self.out), interpolation=method), np.uint8)

    def inside(self, width: int, height: int) -> NDArray[np.bool_]:
        """(out, out) which pixels show the frame of ``width`` x ``height`` and not its repeated border."""
        centre = (np.arange(self.out) + 0.5) / self.scale
        x, y = self.x + centre, self.y + centre
        return ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))

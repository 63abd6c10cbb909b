"""The part of a frame that becomes a picture of the capture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Bytes


@dataclass(frozen=True)
class Crop:
    """A square of the frame, scaled to ``out`` x ``out`` pixels.

    It may reach over the border of the frame; the picture then ends at the border, and is no square.
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
        """What the window shows of ``image`` (H, W, 3): the pixels of ``rectangle`` (h, w, 3)."""
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
        square = np.asarray(cv2.resize(inside, (self.out, self.out), interpolation=method), np.uint8)
        left, top, right, bottom = self.rectangle(width, height)
        return square[top:bottom, left:right]

    def squared(self, picture: Bytes, width: int, height: int) -> Bytes:
        """The ``picture``, cut out of a frame of ``width`` x ``height``, with its border repeated to a square."""
        import cv2

        left, top, right, bottom = self.rectangle(width, height)
        borders = (top, self.out - bottom, left, self.out - right)
        return np.asarray(cv2.copyMakeBorder(picture, *borders, cv2.BORDER_REPLICATE), np.uint8)

    def rectangle(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The x0, y0, x1, y1 of the pixels of the square whose centres lie in the frame of ``width`` x ``height``."""
        centre = (np.arange(self.out) + 0.5) / self.scale
        columns = np.flatnonzero((self.x + centre >= 0) & (self.x + centre < width))
        rows = np.flatnonzero((self.y + centre >= 0) & (self.y + centre < height))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

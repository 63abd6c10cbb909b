"""How the pictures of a video are stored, and how they are shown: cut, with square pixels, upright."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.media import warn_once

Matrix = tuple[int, ...]
Borders = tuple[int, int, int, int]
"""pixels that are cut off: left, right, top, bottom"""

UPRIGHT: Matrix = (1, 0, 0, 1)
"""The 2 x 2 part of a display matrix, by rows: stored (x, y) is shown at (m0 x + m2 y, m1 x + m3 y)."""
WHOLE: Borders = (0, 0, 0, 0)
SQUARE = Fraction(1)
WIDEST = 4
"""times as wide as high, or as high as wide, that a pixel may be; beyond is a mistake of some program"""


@dataclass(frozen=True)
class Shape:
    """The shape of one stored picture."""

    width: int
    """pixels, as stored"""
    height: int
    aspect: Fraction = SQUARE
    """width of a pixel over its height"""
    borders: Borders = WHOLE
    """what lies outside of the clean aperture"""
    matrix: Matrix = UPRIGHT

    @property
    def square(self) -> tuple[int, int]:
        """Width and height of what is cut, with square pixels, not yet turned: no side loses any."""
        left, right, top, bottom = self.borders
        width, height = self.width - left - right, self.height - top - bottom
        if self.aspect >= 1:
            return max(round(width * self.aspect), 1), height
        return width, max(round(height / self.aspect), 1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture that is shown."""
        return self.square if self.matrix[0] else self.square[::-1]

    @property
    def rotation(self) -> int:
        """Degrees counter-clockwise by which the stored picture is turned."""
        return {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}[(self.matrix[0], self.matrix[1])]

    def shown(self, stored: Bytes, size: tuple[int, int]) -> Bytes:
        """The picture (H, W, 3) as it is shown, of the stored pixels.

        ``size`` is that of the film: a picture of another one is scaled to fit, with black beside it where its sides
        have another ratio.
        """
        left, right, top, bottom = self.borders
        image = stored[top : self.height - bottom, left : self.width - right]
        across, down = (self.matrix[0], self.matrix[3]) if self.matrix[0] else (self.matrix[2], self.matrix[1])
        turned = (image if self.matrix[0] else image.swapaxes(0, 1))[::down, ::across]
        return np.ascontiguousarray(turned) if turned.shape[1::-1] == size else _fitted(turned, self.size, size)


def _fitted(image: Bytes, own: tuple[int, int], size: tuple[int, int]) -> Bytes:
    """``image``, which is shown with the size ``own``, in the middle of a picture of ``size``."""
    import cv2

    width, height = size
    scale = min(width / own[0], height / own[1])
    # By a pixel or two nobody sees a face change, but a black line.
    wide, high = (
        full if abs(length * scale - full) < 2 else max(round(length * scale), 1)
        for length, full in zip(own, size, strict=True)
    )
    shrinks = wide < image.shape[1] or high < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(np.ascontiguousarray(image), (wide, high), interpolation=method), np.uint8)
    if (wide, high) == size:
        return scaled
    whole = np.zeros((height, width, 3), np.uint8)
    left, top = (width - wide) // 2, (height - high) // 2
    whole[top : top + high, left : left + wide] = scaled
    return whole


def pixel_aspect(stated: Any, name: object) -> Fraction:
    """Width of a pixel over its height, from what a stream states; 1 where that is nothing or nonsense."""
    if not stated or stated <= 0:
        return SQUARE
    aspect = Fraction(stated)
    if not Fraction(1, WIDEST) <= aspect <= WIDEST:
        warn_once(f"{name}: states pixels {float(aspect):.3g} times as wide as high, which is taken for a mistake.")
        return SQUARE
    return aspect


def clean_aperture(container: Any, index: int) -> Borders:
    """What the container states to be cut off of the pictures of the stream ``index``.

    PyAV hands this out nowhere but in the text that describes a file.
    """
    from av import logging

    level = logging.get_level()
    logging.set_level(logging.INFO)
    try:
        text = container.dumps_format()
    except (AttributeError, UnicodeError):  # older versions
        return WHOLE
    finally:
        logging.set_level(level)
    streams = re.split(r"^ *Stream #0:(\d+)", text, flags=re.MULTILINE)
    for number, described in zip(streams[1::2], streams[2::2], strict=True):
        found = re.search(r"^ *Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", described, re.MULTILINE | re.IGNORECASE)
        if int(number) == index and found is not None:
            left, right, top, bottom = map(int, found.groups())
            return left, right, top, bottom
    return WHOLE


def display_matrix(frame: Any) -> Matrix:
    """How the stored picture is to be turned and mirrored; quarter turns alone."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return UPRIGHT
    m = struct.unpack("9i", bytes(data)[:36])
    # Nobody films at other angles; a camera that was not level is the person's own choice.
    if max(abs(m[0]), abs(m[4])) >= max(abs(m[1]), abs(m[3])):
        return (_sign(m[0]), 0, 0, _sign(m[4]))
    return (0, _sign(m[1]), _sign(m[3]), 0)


def _sign(value: int) -> int:
    return -1 if value < 0 else 1

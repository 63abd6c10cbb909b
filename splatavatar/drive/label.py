"""A word in the corner of a picture that says what it shows: for people, as the marks are for machines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.avatar.renderers.renderer import Picture
from splatavatar.errors import SettingsError
from splatavatar.extras import required

AVATAR = "Avatar"
"""what a label says where nothing else is asked for"""
LONGEST = 40
"""characters"""
CAPITALS = 0.028
"""height of a capital letter over the shorter side of the picture"""
LEAST_CAPITALS = 9.0
"""pixels, below which letters cannot be read"""
MARGIN = 0.03
"""between the label and the edges, over the shorter side"""
PADDING = 0.75
"""around the text, over the height of a capital letter"""
DARK, OPACITY = 20.0, 0.66
"""of the plate: grey of 255, and how little is seen through it"""
CAPITAL = 64
"""pixels of a capital letter as it is drawn first, to be made smaller"""


@dataclass(frozen=True)
class _Plate:
    """A label for pictures of one size."""

    colour: NDArray[np.float32]
    """(h, w, 3) of 255"""
    alpha: NDArray[np.float32]
    """(h, w, 1) in [0, 1]"""
    where: tuple[slice, slice]
    """rows and columns of the picture"""


class Label:
    """Text on a dark plate at the lower left; it brings its own plate where nothing is behind the avatar, too."""

    def __init__(self, text: str = AVATAR) -> None:
        """
        Raises:
            SettingsError: no text that can be drawn in a line.
            DependencyError: the package that draws it is absent.
        """
        self.text = " ".join(text.split())
        if not 1 <= len(self.text) <= LONGEST or not self.text.isprintable():
            raise SettingsError(f"a label has 1 to {LONGEST} characters that can be seen")
        cv = required("cv2")
        if not self.text.isascii() and int(cv.__version__.split(".")[0]) < 5:
            raise SettingsError(
                "this version of OpenCV draws labels in ASCII alone; from version 5 it knows more letters"
            )
        self._plates: dict[tuple[int, int], _Plate] = {}

    def __call__(self, picture: Picture) -> Picture:
        """Put the label on ``picture``, uint8 (H, W, 3), or (H, W, 4) with straight alpha; in place where it can be."""
        size = picture.shape[0], picture.shape[1]
        if size not in self._plates:
            self._plates[size] = self._plate(*size)
        plate = self._plates[size]
        colour, alpha, where = plate.colour, plate.alpha, plate.where
        image = picture if picture.flags.writeable else picture.copy()
        patch = image[where].astype(np.float32)
        behind = 1 - alpha
        if image.shape[2] == 3:
            image[where] = np.rint(patch * behind + colour * alpha)
            return image
        under = patch[..., 3:] / 255 * behind
        seen = under + alpha
        mixed = (patch[..., :3] * under + colour * alpha) / np.maximum(seen, 1e-6)
        image[where] = np.rint(np.concatenate([mixed, seen * 255], -1))
        return image

    def _plate(self, height: int, width: int) -> _Plate:
        """That of pictures of this size. Text that is wider than the picture is drawn smaller."""
        cv: Any = required("cv2")
        shorter = min(height, width)
        margin = round(MARGIN * shorter)
        letters, capital = _written(self.text)
        share = letters.shape[1] / capital
        capitals = max(CAPITALS * shorter, LEAST_CAPITALS)
        for room, needed in ((width, share + 2 * PADDING), (height, 1 + 2 * PADDING)):
            capitals = min(capitals, max(room - 2 * margin, 1) / needed)
        w, h = (max(round(capitals * (size + 2 * PADDING)), 1) for size in (share, 1))
        pad = round(PADDING * capital)
        # Letters reach below their line by less than the padding is high.
        ink = np.zeros((capital + 2 * pad, letters.shape[1] + 2 * pad), np.uint8)
        ink[: len(letters), pad:-pad] = letters[: len(ink)]
        plate, radius = np.zeros_like(ink), round(0.5 * capital)
        bottom, right = plate.shape[0] - 1, plate.shape[1] - 1
        cv.rectangle(plate, (radius, 0), (right - radius, bottom), 255, -1)
        cv.rectangle(plate, (0, radius), (right, bottom - radius), 255, -1)
        for centre in product((radius, right - radius), (radius, bottom - radius)):
            cv.circle(plate, centre, radius, 255, -1)
        text, shape = (cv.resize(mask, (w, h), interpolation=cv.INTER_AREA) / np.float32(255) for mask in (ink, plate))
        below = OPACITY * shape * (1 - text)
        alpha = (text + below)[..., None].astype(np.float32)
        grey = (255 * text + DARK * below)[..., None] / np.maximum(alpha, 1e-6)
        top = max(height - margin - h, 0)
        return _Plate(
            np.repeat(grey, 3, -1).astype(np.float32), alpha, (slice(top, top + h), slice(margin, margin + w))
        )


def _written(text: str) -> tuple[Bytes, int]:
    """``text`` as ink (H, W) of 0 to 255, whose line begins at the left edge, and the height of its capitals, pixels.

    Those end ``PADDING`` of their height below the upper edge and begin theirs above it, as on the plate.
    """
    cv: Any = required("cv2")

    def drawn(letters: str, scale: float, line: int, height: int) -> Bytes:
        canvas = np.zeros((height, round(4 * CAPITAL * (len(letters) + 1))), np.uint8)
        cv.putText(canvas, letters, (CAPITAL, line), cv.FONT_HERSHEY_SIMPLEX, scale, 255, CAPITAL // 8, cv.LINE_AA)
        return canvas

    # Versions of OpenCV have fonts of different sizes: measured by what is drawn.
    probe = np.flatnonzero(drawn("H", 2.0, 2 * CAPITAL, 3 * CAPITAL).max(1) > 127)
    scale = 2.0 * CAPITAL / len(probe)
    line = round(PADDING * CAPITAL) + CAPITAL
    ink = drawn(text, scale, line, line + CAPITAL)
    columns = np.flatnonzero(ink.max(0))
    return ink[:, columns[0] : columns[-1] + 1] if len(columns) else ink, CAPITAL

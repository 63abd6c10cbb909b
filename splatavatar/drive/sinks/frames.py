"""Numbered PNG files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.sink import prepare_folder
from splatavatar.errors import OutputError
from splatavatar.output import atomic_write


class FramesSink:
    """Frame n becomes ``pattern % n``, counted from 0."""

    def __init__(self, pattern: Path) -> None:
        """Raises OutputError for a pattern without a number or a folder that cannot be written."""
        if not re.fullmatch(r"[^%]*%(0?[1-9]\d?)?d[^%]*", pattern.name):
            raise OutputError(
                f"{pattern}: a sequence of pictures needs one number in its name, such as frames/%05d.png."
            )
        prepare_folder(pattern)
        self._pattern = pattern
        self._frames = 0

    def write(self, image: NDArray[np.uint8]) -> None:
        """Write one picture (H, W, 3) or (H, W, 4). Raises OutputError."""
        write_png(self._pattern.with_name(self._pattern.name % self._frames), image)
        self._frames += 1

    def close(self) -> None:
        """Nothing is pending: every picture is whole once written."""

    def discard(self) -> None:
        """Keep the pictures written so far: each is whole."""


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB or (H, W, 4) straight-alpha RGBA, whole or not at all. Raises OutputError."""
    import cv2

    conversion = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    # Run-length coding beats every zlib level in time on heads before a plain background, and the fast levels in size.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    _, data = cv2.imencode(".png", cv2.cvtColor(image, conversion), options)
    with atomic_write(path) as file:
        file.write(data.tobytes())

"""The background of a camera that stands still, or nearly: what the frame shows where the person is not.

Nothing decides whether the camera stands still. Where it does not, what a place shows varies, the spread says so, and
the estimate counts for nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats, Mask

ENOUGH = 3
"""pictures that must show a place"""
LEAST_SPREAD = 3.0
"""levels; standard deviation below which differences are the codec's"""
LARGEST = 6.0
"""times the area of one picture that the frame may have"""
UNUSUAL = 0.05
"""share of the pixels of a background that differ from it: shadows, people who pass"""


@dataclass(frozen=True)
class Plate:
    """A still picture of what is behind the person."""

    colours: Floats
    """(H, W, 3) Y'CrCb"""
    spread: Floats
    """(H, W) standard deviation, levels; infinite where no picture shows the place"""
    corner: tuple[float, float]
    """where the first pixel of a picture whose offset is zero lies"""

    def log_density(self, picture: Bytes, offset: tuple[float, float], away: Mask, where: Mask) -> Floats:
        """The log density (N) of the pixels ``where`` (H, W) of ``picture`` (H, W, 3), which lies at ``offset``.

        -inf where nothing is known. ``away`` are pixels far from the person, by which changes of the exposure are seen.
        """
        import cv2

        shape = picture.shape[:2]
        shift = self._shift(offset)
        spreads = cv2.warpAffine(self.spread, shift, shape[::-1], flags=cv2.INTER_NEAREST, borderValue=np.inf)
        behind = self.behind(offset, shape)
        differs, spread = picture[where].astype(np.float32) - behind[where], spreads[where]
        known = np.flatnonzero(away & np.isfinite(spreads))
        if len(known) > ENOUGH:
            some = known[::7]
            there = picture.reshape(-1, 3)[some] - behind.reshape(-1, 3)[some]
            exposed = np.median(there, axis=0)
            differs -= exposed
            spread = np.maximum(spread, 1.5 * float(np.median(np.abs(there - exposed).max(1))))
        # Chroma is quieter than luma, in a codec as in a shadow.
        square = (differs[..., 0] / spread) ** 2 + 2 * ((differs[..., 1] ** 2 + differs[..., 2] ** 2) / spread**2)
        return np.where(np.isfinite(spread), -0.5 * square - np.log(8 * spread**3), -np.inf).astype(np.float32)

    def behind(self, offset: tuple[float, float], shape: tuple[int, ...]) -> Floats:
        """The colours (H, W, 3) behind the person in a picture of ``shape`` (H, W) that lies at ``offset``."""
        import cv2

        out = cv2.warpAffine(self.colours, self._shift(offset), shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(out, np.float32)

    def _shift(self, offset: tuple[float, float]) -> NDArray[np.float64]:
        return np.array([[1.0, 0, -offset[0] - self.corner[0]], [0, 1.0, -offset[1] - self.corner[1]]])


def estimate_background(
    pictures: Sequence[Bytes], background: Sequence[Mask], offsets: Sequence[tuple[float, float]]
) -> Plate | None:
    """From ``pictures`` (H, W, 3), where in them the ``background`` (H, W) is seen and where in the frame they lie.

    None where the pictures lie too far apart.
    """
    import cv2

    height, width = pictures[0].shape[:2]
    low, high = np.floor(np.min(offsets, 0)), np.ceil(np.max(offsets, 0))
    size = (int(high[0] - low[0]) + width, int(high[1] - low[1]) + height)
    if size[0] * size[1] > LARGEST * height * width:
        return None
    stack = np.empty((len(pictures), size[1], size[0], 3), np.uint8)
    seen = np.empty((len(pictures), size[1], size[0]), bool)
    for k, (picture, mask, offset) in enumerate(zip(pictures, background, offsets, strict=True)):
        shift = np.array([[1.0, 0, offset[0] - low[0]], [0, 1.0, offset[1] - low[1]]])
        stack[k] = cv2.warpAffine(picture, shift, size)
        seen[k] = cv2.warpAffine(mask.astype(np.uint8), shift, size, flags=cv2.INTER_NEAREST) > 0
    count = seen.sum(0)
    middle = masked_median(stack, seen, count)
    deviation = np.abs(stack.astype(np.int16) - middle).max(3).astype(np.uint8)
    spread = 1.2 * masked_median(deviation[..., None], seen, count)[..., 0].astype(np.float32)
    spread = np.maximum(cv2.blur(spread, (3, 3)), LEAST_SPREAD)
    spread[count < ENOUGH] = np.inf
    return Plate(middle.astype(np.float32), spread, (-float(low[0]), -float(low[1])))


def masked_median(stack: Bytes, seen: Mask, count: NDArray[np.int64]) -> Bytes:
    """The median (H, W, C) of ``stack`` (T, H, W, C) over the T that ``seen`` (T, H, W) admits, ``count`` (H, W)."""
    ordered = np.sort(np.where(seen[..., None], stack, np.uint8(255)), axis=0)
    middle = (count // 2).clip(0, len(stack) - 1)[None, ..., None]
    return np.asarray(np.take_along_axis(ordered, middle, 0)[0], np.uint8)

"""What moves with the head and what stands still in the frame.

A dark door frame behind a dark-haired person has the colours of the hair and touches it in every picture. But it keeps
its place while the head moves. Two layers, the medians over the clip of what stands still in the frame and of
what stands still relative to the head, explain each pixel more or less well; the better one tells whose it is. Where
nothing moves, or everything looks alike, both explain alike and nothing is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.capture.matting.anatomy import CHIN
from splatavatar.capture.matting.background import Plate, masked_median
from splatavatar.capture.matting.picture import HeadPicture

SIZE = 160
"""pixels of the picture relative to the head"""
EXTENT = 3.2
"""widths of the head that it shows"""
TOLERANCE = 12.0
"""levels by which a pixel of a layer may differ: heads turn, hair moves"""
LARGEST = 36.0
"""levels; a larger difference says no more"""
FOR_FRAME, FOR_HEAD = 4.0, 1.0
"""log odds that a layer may gain: what the head lays bare for a moment is explained by neither, and seems to be of the
head, about which there is background in every picture"""


@dataclass(frozen=True)
class Layers:
    """The colours of what stands still, Y'CrCb."""

    frame: Plate
    head: Floats
    """(SIZE, SIZE, 3)"""

    def odds(self, picture: HeadPicture, plate: Plate | None) -> Floats:
        """The log odds (H, W) of the person above the chin, zero below: shoulders do not move with the head."""
        import cv2

        shape = picture.bins.shape
        colours = picture.colours.astype(np.float32)
        to_layer = _to_layer(picture)
        warped = cv2.warpAffine(self.head, to_layer, shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        of_head = _differs(colours - warped)
        still = [layer for layer in (self.frame, plate) if layer]
        of_frame = np.min([_differs(colours - layer.behind(picture.offset, shape)) for layer in still], axis=0)
        odds = (of_frame - of_head) / (2 * TOLERANCE**2)
        fade = np.clip((picture.plan.chin - np.arange(shape[0])) / (0.2 * picture.plan.width), 0, 1)
        return np.asarray(np.clip(odds, -FOR_FRAME, FOR_HEAD) * fade[:, None], np.float32)


def find_layers(pictures: Sequence[HeadPicture], frame: Plate) -> Layers:
    """From pictures spread over the clip; ``frame`` is what stands still in the frame."""
    import cv2

    size = (SIZE, SIZE)
    stack = np.stack([cv2.warpAffine(p.colours, _to_layer(p), size, borderMode=cv2.BORDER_REPLICATE) for p in pictures])
    shown = [(~p.padded).astype(np.uint8) for p in pictures]
    seen = np.stack([cv2.warpAffine(s, _to_layer(p), size) > 0 for s, p in zip(shown, pictures, strict=True)])
    return Layers(frame, masked_median(stack, seen, seen.sum(0)).astype(np.float32))


def _to_layer(picture: HeadPicture) -> NDArray[np.float64]:
    """(2, 3) from pixels of the picture to those of the layer of the head."""
    scale = SIZE / EXTENT
    return np.diag([scale, scale]) @ picture.plan.head + [[0, 0, SIZE / 2], [0, 0, SIZE / 2 + (0.7 - CHIN / 2) * scale]]


def _differs(difference: Floats) -> Floats:
    """(H, W) square of ``difference`` (H, W, 3) over a few pixels, bounded."""
    import cv2

    square = difference[..., 0] ** 2 + 2 * (difference[..., 1] ** 2 + difference[..., 2] ** 2)
    return np.asarray(np.minimum(cv2.blur(square, (3, 3)), LARGEST**2), np.float32)

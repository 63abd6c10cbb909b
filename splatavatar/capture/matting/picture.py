"""What the matting knows of one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Mask
from splatavatar.capture.matting.anatomy import Anatomy, anatomy
from splatavatar.capture.matting.colour_model import bins_of
from splatavatar.capture.matting.padding import outside
from splatavatar.capture.video.crop import Crop

COARSE = 128
"""pixels: the size at which the person is found"""
FINE = 256
"""pixels: the size at which the outline is found"""


@dataclass(frozen=True)
class HeadPicture:
    """A picture at one resolution, H x W pixels."""

    colours: Bytes
    """(H, W, 3) Y'CrCb"""
    bins: NDArray[np.int32]
    """(H, W) of the colour histograms"""
    padded: Mask
    """(H, W) outside the frame"""
    offset: tuple[float, float]
    """where in the frame the picture lies, in its own pixels"""
    plan: Anatomy


def prepare(image: Bytes, silhouette: Mask, window: Crop) -> HeadPicture | None:
    """The picture at the coarse size; None where the rig is not in the picture."""
    import cv2

    size = (COARSE, COARSE)
    plan = anatomy(cv2.resize(silhouette.view(np.uint8), size, interpolation=cv2.INTER_AREA) > 0)
    if plan is None:
        return None
    padded = cv2.resize(outside(image, window).view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return _at(image, COARSE, padded, window, plan)


def refined(picture: HeadPicture, image: Bytes, window: Crop) -> HeadPicture:
    """The same at the fine size."""
    import cv2

    padded = cv2.resize(picture.padded.view(np.uint8), (FINE, FINE), interpolation=cv2.INTER_NEAREST) > 0
    return _at(image, FINE, padded, window, picture.plan.enlarged(FINE // COARSE))


def _at(image: Bytes, size: int, padded: Mask, window: Crop, plan: Anatomy) -> HeadPicture:
    import cv2

    colours = cv2.cvtColor(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
    scale = size / window.size
    return HeadPicture(colours, bins_of(colours), padded, (window.x * scale, window.y * scale), plan)

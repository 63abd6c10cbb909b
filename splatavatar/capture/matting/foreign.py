"""Hands, microphones and other people: what comes before the person or beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Mask
from splatavatar.capture.matting.anatomy import disc
from splatavatar.capture.matting.picture import HeadPicture

CERTAIN = 3.0
"""log odds of the network from which it is believed"""
THICK = 0.12
"""widths of the head: narrower differences are those between a rig and its picture"""
LEAST = 0.04
"""squares of the width of the head: a fist has 0.3, a microphone held before the chin 0.1"""


def is_foreign(picture: HeadPicture, odds: Floats) -> bool:
    """Whether something is there that is not the person, by the network's log ``odds`` (H, W) of a person.

    It is before the person where the rig is and the network sees none, and beside them where it sees one farther from
    head and torso than anything of the person can be.
    """
    shown = ~picture.padded
    before = _area(picture.plan.sure & shown & (odds < -CERTAIN), picture.plan.width)
    beside = _area(picture.plan.never & shown & (odds > CERTAIN), picture.plan.width)
    return max(before, beside) > LEAST


def _area(mask: Mask, width: float) -> float:
    """Of the thick parts of ``mask`` (H, W), in squares of the ``width``."""
    import cv2

    shape: NDArray[np.uint8] = mask.view(np.uint8)
    return float(cv2.morphologyEx(shape, cv2.MORPH_OPEN, disc(0.5 * THICK * width)).sum()) / width**2

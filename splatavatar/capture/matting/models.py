"""What a clip looks like: the colours of the person and of what is behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Floats, Mask
from splatavatar.capture.matting.background import UNUSUAL, Plate
from splatavatar.capture.matting.colour_model import Histogram
from splatavatar.capture.matting.picture import HeadPicture

LIMIT = 5.0
"""log odds that a colour may weigh"""
BLEND = 0.3
"""widths of the head over which the colours of the head give way to those of the torso, about the chin"""
RARE = 0.02
"""share of the colours of the one that are found at the other"""


@dataclass(frozen=True)
class Colours:
    """Log densities (BINS^3)."""

    head: Floats
    """of the person above the chin"""
    torso: Floats
    """and below"""
    behind: Floats

    def odds(self, picture: HeadPicture, plate: Plate | None, where: Mask) -> Floats:
        """The log odds (N) of the person, from the colours of ``picture`` and a still background, if any.

        Of the N pixels of ``where`` (H, W), none of which lies outside the frame.
        """
        bins = picture.bins[where]
        rows = np.nonzero(where)[0] - picture.plan.chin
        torso = np.clip(rows / (BLEND * picture.plan.width) + 0.5, 0, 1).astype(np.float32)
        person = np.maximum(self.head[bins] + np.log(1 + RARE - torso), self.torso[bins] + np.log(RARE + torso))
        behind = self.behind[bins]
        if plate:
            still = plate.log_density(picture.colours, picture.offset, picture.plan.never & ~picture.padded, where)
            behind = np.where(np.isfinite(still), np.logaddexp(still, behind + np.log(UNUSUAL)), behind)
        return np.asarray(np.clip(person - behind, -LIMIT, LIMIT), np.float32)


def learn(pictures: Sequence[HeadPicture], person: Sequence[Mask], behind: Sequence[Mask]) -> Colours:
    """From pictures of which some pixels are known to be the ``person`` or ``behind``, (H, W) each."""
    head, torso, background = Histogram(), Histogram(), Histogram()
    for picture, mask, rest in zip(pictures, person, behind, strict=True):
        shown = ~picture.padded
        upper = np.arange(len(shown))[:, None] < picture.plan.chin
        head.add(picture.bins[mask & shown & upper])
        torso.add(picture.bins[mask & shown & ~upper])
        background.add(picture.bins[rest & shown])
    return Colours(head.log_density(), torso.log_density(), background.log_density())

"""What a clip looks like: the colours of the person and of what is behind, and what moves with the head."""

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

    def odds(self, picture: HeadPicture, plate: Plate | None) -> Floats:
        """The log odds (H, W) of the person from the colours of ``picture`` and a still background, if any."""
        rows = np.arange(len(picture.bins)) - picture.plan.chin
        torso = np.clip(rows / (BLEND * picture.plan.width) + 0.5, 0, 1)[:, None].astype(np.float32)
        person = np.maximum(
            self.head[picture.bins] + np.log(1 + RARE - torso), self.torso[picture.bins] + np.log(RARE + torso)
        )
        behind = self.behind[picture.bins]
        if plate:
            still = plate.log_density(picture.colours, picture.offset, picture.plan.never & ~picture.padded)
            behind = np.where(np.isfinite(still), np.logaddexp(still, behind + np.log(UNUSUAL)), behind)
        odds = np.clip(person - behind, -LIMIT, LIMIT)
        odds[picture.padded] = 0
        return np.asarray(odds, np.float32)


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

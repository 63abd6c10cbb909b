"""Which pictures of a video stay out of a bake, to be scored afterwards."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.capture.video.extract import ExtractOptions

MOST = 0.5
"""of the end of a clip"""
LEAST_YAW, MOST_YAW = 5.0, 60.0
"""degrees: less is no turned head, and further nothing is found of most"""


@dataclass(frozen=True)
class Holdout:
    """What stays out: nothing, the end of every clip, or the pictures in which the head is turned away."""

    last: float = 0.0
    """share of the frames at the end of every clip"""
    yaw: float | None = None
    """radians about the vertical axis between the way the face looks and the camera, beyond which a picture is out"""

    def __bool__(self) -> bool:
        """Whether anything stays out."""
        return self.last > 0 or self.yaw is not None

    def baked(self, options: ExtractOptions) -> ExtractOptions:
        """``options`` that take what is baked; they stay as they are where nothing stays out."""
        if self.yaw is not None:
            return replace(options, yaw=(0.0, self.yaw))
        return replace(options, part=(0.0, 1.0 - self.last)) if self.last else options

    def kept_out(self, options: ExtractOptions) -> ExtractOptions:
        """``options`` that take what stays out."""
        if self.yaw is not None:
            return replace(options, yaw=(self.yaw, math.pi))
        return replace(options, part=(1.0 - self.last, 1.0))


def parse_holdout(text: str | None) -> Holdout:
    """What ``last:20%``, the last fifth of every clip, or ``yaw:25``, degrees, means; of None nothing.

    Raises:
        SettingsError: anything else.
    """
    if text is None:
        return Holdout()
    last = re.fullmatch(r"last:(\d{1,9}(?:\.\d{1,9})?)%", text.strip(), re.ASCII)
    if last and 0 < float(last[1]) / 100 <= MOST:
        return Holdout(last=float(last[1]) / 100)
    yaw = re.fullmatch(r"yaw:(\d{1,9}(?:\.\d{1,9})?)", text.strip(), re.ASCII)
    if yaw and LEAST_YAW <= float(yaw[1]) <= MOST_YAW:
        return Holdout(yaw=math.radians(float(yaw[1])))
    raise SettingsError(
        f"--holdout {text!r}: expected last:P%, with P above 0 and not above {100 * MOST:g}, as in last:20%, or yaw:D, "
        f"with D from {LEAST_YAW:g} to {MOST_YAW:g} degrees, as in yaw:25"
    )

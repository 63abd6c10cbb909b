"""By which matrix the pixels of a video become red, green and blue, where it does not say."""

from __future__ import annotations

from typing import Any

# The numbers of ITU-T H.273.
BT709, UNSPECIFIED, BT601 = 1, 2, 6
RGB, RESERVED = 0, 3
CONVERTED = (RGB, BT709, UNSPECIFIED, 4, 5, BT601, 7, 9)
"""matrices that FFmpeg's converter knows"""
HD_LINES, HD_COLUMNS = 720, 1280
"""from which on players take BT.709"""


def state_matrix(frame: Any) -> None:
    """Writes the matrix into a frame of PyAV that states none: that of high definition from its size on.

    BT.709 from 720 lines or 1280 columns up, BT.601 below.
    """
    stated = int(frame.colorspace)
    if stated not in CONVERTED:
        frame.colorspace = stated = UNSPECIFIED
    if stated != UNSPECIFIED or frame.format.is_rgb:
        return
    large = frame.height >= HD_LINES or frame.width >= HD_COLUMNS
    frame.colorspace = BT709 if large else BT601

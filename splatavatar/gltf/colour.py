"""Our colours as those of glTF's vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats


def linear_colours(colour: Floats | Doubles) -> NDArray[np.uint16]:
    """Colours (N, 3) with sRGB's transfer function in [0, 1], clipped there, as linear ones: 65535 is 1.

    Bytes would have few values for dark hair.
    """
    shown = np.clip(colour.astype(np.float64), 0, 1)
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.rint(linear * 65535), np.dtype("<u2"))

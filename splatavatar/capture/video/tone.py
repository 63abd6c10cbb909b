"""From the HDR video of phones to sRGB.

The curves after ITU-R BT.2100-2 (tables 4 and 5), the primaries after BT.2020 and BT.709.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""transfer characteristics, by their numbers in ITU-T H.273"""
WHITE = 203.0
"""cd/m2 of diffuse white in HDR video (ITU-R BT.2408): what becomes white"""
PEAK = 1000.0
"""cd/m2 of the display that HLG is made for"""
KNEE = 0.8
"""of white, from which on highlights are compressed"""
BRIGHTEST = 8.0
"""of white, that is told apart from more"""
PRIMARIES = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""BT.2020 to BT.709, both linear"""
LINES = 32
"""of a picture, that stay in the cache of a processor"""


def to_srgb(image: NDArray[np.uint16], curve: int) -> NDArray[np.uint8]:
    """The sRGB (H, W, 3) of full-range BT.2020 codes of 16 bits with the transfer ``curve`` (``PQ`` or ``HLG``).

    Colours outside of sRGB are clipped; light above ``KNEE`` of diffuse white is compressed, each channel by itself.
    """
    import cv2

    linear, encoded = _linear(curve), _encoded()
    result = np.empty(image.shape, np.uint8)
    for top in range(0, len(image), LINES):
        rows = slice(top, top + LINES)
        light = cv2.transform(linear[image[rows] >> 4], PRIMARIES * (65535 / BRIGHTEST))
        result[rows] = encoded[np.clip(light, 0, 65535, out=light).astype(np.uint16)]
    return result


@lru_cache
def _linear(curve: int) -> NDArray[np.float32]:
    """(4096) light over that of diffuse white, by code."""
    code = np.arange(4096) / 4095
    if curve == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        light = 10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    else:
        a, b = 0.17883277, 0.28466892
        c = 0.5 - a * np.log(4 * a)
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        light = PEAK * scene**1.2  # the system gamma, here by channel
    return (light / WHITE).astype(np.float32)


@lru_cache
def _encoded() -> NDArray[np.uint8]:
    """(65536) sRGB bytes of light from 0 to ``BRIGHTEST``."""
    light = np.linspace(0, BRIGHTEST, 65536)
    over = np.maximum(light - KNEE, 0)
    light = np.minimum(light, KNEE) + (1 - KNEE) * over / (over + 1 - KNEE)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table: NDArray[np.uint8] = np.rint(255 * code).astype(np.uint8)
    return table

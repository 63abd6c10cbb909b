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
PRIMARIES = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""BT.2020 to BT.709, both linear"""


def to_srgb(image: NDArray[np.uint16], curve: int) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB from full-range BT.2020 codes of 16 bits with the transfer ``curve`` (``PQ`` or ``HLG``)."""
    linear = _linear(curve)[image >> 4] @ PRIMARIES.T
    over = np.maximum(linear - KNEE, 0.0)
    linear = np.where(linear > KNEE, KNEE + (1 - KNEE) * over / (over + 1 - KNEE), linear).clip(0, 1)
    return _encoded()[np.rint(linear * 4095).astype(np.uint16)]


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
    """(4096) sRGB bytes of linear light."""
    light = np.arange(4096) / 4095
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * code).astype(np.uint8)

"""The channels of a face signal, and which ARKit coefficients belong to each."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Longs
from splatavatar.rig.arkit import NAMES

MOUTH, EYES, BROWS, HEAD, GAZE = "mouth", "eyes", "brows", "head", "gaze"
FACE: frozenset[str] = frozenset({MOUTH, EYES, BROWS, HEAD, GAZE})
"""the channels of a source that sees a whole face"""
VOICE: frozenset[str] = frozenset({MOUTH})
"""the channels of a source that hears a voice"""

STARTS: dict[str, tuple[str, ...]] = {
    MOUTH: ("jaw", "mouth", "cheekPuff", "tongue"),
    EYES: ("eyeBlink", "eyeSquint", "eyeWide", "cheekSquint"),
    BROWS: ("brow", "nose"),
    GAZE: ("eyeLook",),
    HEAD: (),
}
"""What the names of the coefficients of a channel start with. Cheeks are raised with the lids, the nose is wrinkled
with the brows; the head has no coefficient."""


def starting_with(*starts: str) -> Longs:
    """Indices of the coefficients whose names start with one of ``starts``, ascending."""
    return np.array([index for index, name in enumerate(NAMES) if name.startswith(starts)], np.int64)


COEFFICIENTS: dict[str, Longs] = {channel: starting_with(*starts) for channel, starts in STARTS.items() if starts}
"""indices of the coefficients of each channel that has any; every coefficient is in one of them"""

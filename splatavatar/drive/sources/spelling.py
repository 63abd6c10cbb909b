"""ARKit names as other programs spell them."""

from __future__ import annotations

from splatavatar.rig.arkit import NAMES

BY_LOWER = {name.lower(): index for index, name in enumerate(NAMES)}


def arkit_index(name: str) -> int | None:
    """The place of a coefficient in ``NAMES``: ``JawOpen``, ``jawopen`` and ``eyeBlink_L`` are understood.

    None for any other name. PerfectSync models write capitals, iFacialMocap writes ``_L`` and ``_R``.
    """
    lower = name.lower()
    if lower.endswith(("_l", "_r")):
        lower = lower[:-2] + ("left" if lower.endswith("l") else "right")
    return BY_LOWER.get(lower)

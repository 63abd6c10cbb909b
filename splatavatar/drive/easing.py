"""How a value goes from one to another."""

from __future__ import annotations


def eased(share: float) -> float:
    """From 0 to 1 as ``share`` does, flat at both ends and beyond (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)

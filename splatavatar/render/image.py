"""What a rasterizer returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Array = TypeVar("Array")


@dataclass(frozen=True)
class Image(Generic[Array]):
    """A picture; ``Array`` is a numpy array or a torch tensor."""

    colour: Array
    """(H, W, 3) RGB over the background, not clamped"""
    alpha: Array
    """(H, W) coverage in [0, 1]"""

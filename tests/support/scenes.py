"""Random scenes that the tests of the rasterizer share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, look_at

FIELDS = ("mean", "rotation", "scale", "opacity", "colour")


def camera(width: int = 75, height: int = 53) -> Camera:
    """From a metre away, slightly off axis, the principal point off the centre; the size is no multiple of a tile."""
    view = look_at(np.array([0.1, 0.05, 1.0]), np.zeros(3), 0.5, width, height)
    view.K[0, 2] += 1.7
    return view


def scene(count: int, seed: int = 0, spread: float = 0.15) -> Gaussians[Tensor]:
    """``count`` Gaussians about the origin in float64."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=random, dtype=torch.float64)

    return Gaussians(
        normal(count, 3) * spread, normal(count, 4), uniform(count, 3) * 0.03 + 0.002, uniform(count), uniform(count, 3)
    )


def edited(gaussians: Gaussians[Tensor], **fields: Tensor) -> Gaussians[Tensor]:
    """A copy with some fields replaced."""
    return Gaussians(*(fields.get(f, getattr(gaussians, f)).clone() for f in FIELDS))

"""Structural similarity as the published trainers use it."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Mean SSIM of two pictures (H, W, 3) in [0, 1], zeros beyond their border (Wang et al. 2004, eq. 13)."""
    height, width = x.shape[:2]
    x, y = x.permute(2, 0, 1), y.permute(2, 0, 1)
    planes = torch.cat([x, y, x * x, y * y, x * y])
    # One after the other, along each axis, a product with a band of weights: faster than a convolution of one channel.
    planes = _band(height, x.dtype, x.device) @ planes @ _band(width, x.dtype, x.device)
    mx, my, xx, yy, xy = planes.view(5, 3, height, width)
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    structure = (2 * (xy - mx * my) + c2) / (xx - mx * mx + yy - my * my + c2)
    similarity: Tensor = (luminance * structure).mean()
    return similarity


@cache
def _band(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(size, size), symmetric: what each place along a line takes from the places around it."""
    place = torch.arange(size, dtype=torch.float64)
    apart = place[:, None] - place
    reach = WINDOW // 2
    whole = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / SIGMA) ** 2).sum()
    weight = torch.exp(-0.5 * (apart / SIGMA) ** 2) / whole
    return torch.where(apart.abs() <= reach, weight, 0.0).to(device, dtype)

"""What projection leaves for the tiles."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from splatavatar.render.gpu.projection import RECORD


@dataclass
class ProjectedSplats:
    """N Gaussians in each of B pictures."""

    record: Tensor
    """(B, N, RECORD) float32"""
    rect: Tensor
    """(B, N, 2) int32: tiles x0 | x1 << 16 and y0 | y1 << 16, the ends exclusive; zero where nothing is seen"""
    depth: Tensor
    """(B, N) float32 metres along the view axis, infinite where nothing is seen"""

    @staticmethod
    def room(batch: int, count: int, device: torch.device) -> ProjectedSplats:
        """Room for ``count`` Gaussians in ``batch`` pictures."""
        return ProjectedSplats(
            torch.empty(batch, count, RECORD, device=device),
            torch.empty(batch, count, 2, dtype=torch.int32, device=device),
            torch.empty(batch, count, device=device),
        )

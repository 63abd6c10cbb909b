"""Random Gaussians of the world."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.gaussians.gaussians import Gaussians


def random_gaussians(seed: int, count: int) -> tuple[Gaussians[Floats], Floats]:
    """``count`` Gaussians and their ``sh`` (N, 3, 3), with quaternions of any length."""
    rng = np.random.default_rng(seed)
    gaussians = Gaussians(
        mean=rng.normal(size=(count, 3)).astype(np.float32),
        rotation=rng.normal(size=(count, 4)).astype(np.float32),
        scale=np.exp(rng.normal(-5, 2, (count, 3))).astype(np.float32),
        opacity=rng.random(count).astype(np.float32),
        colour=rng.normal(0.5, 0.5, (count, 3)).astype(np.float32),
    )
    return gaussians, rng.normal(0, 0.3, (count, 3, 3)).astype(np.float32)

"""How close a running bake is to pictures that it does not train on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scoring.metrics import GREY
from splatavatar.bake.training.trainer import Trainer


def planes_psnr(planes: NDArray[np.float32], rgba: NDArray[np.uint8]) -> float:
    """Decibels between a render (4, H, W: colour over black, transmittance) and a picture, both over grey."""
    matte = rgba[..., 3:] / np.float32(255)
    truth = rgba[..., :3] / np.float32(255) * matte + (1 - matte) * np.float32(GREY)
    shown = np.clip(np.moveaxis(planes[:3] + planes[3] * np.float32(GREY), 0, -1), 0, 1)
    return float(-10 * np.log10(max(float(np.square(shown - truth).mean()), 1e-12)))


def mean_psnr(trainer: Trainer, targets: list[Target]) -> float:
    """Mean PSNR of the avatar as it stands over ``targets``."""
    scores = []
    for target in targets:
        vertices = trainer.motion.vertices(target.timestep)
        planes = trainer.engine.render(trainer.state.splats, trainer.psi[target.timestep], vertices, target)
        scores.append(planes_psnr(planes.numpy(force=True), target.rgba))
    return float(np.mean(scores)) if scores else float("nan")

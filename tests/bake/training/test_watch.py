from __future__ import annotations

import numpy as np
import pytest

from splatavatar.bake.scoring import metrics
from splatavatar.bake.training.watch import planes_psnr


def test_psnr_is_that_of_the_scores() -> None:
    random = np.random.default_rng(0)
    rgba = random.integers(0, 256, (9, 14, 4), np.uint8)
    alpha = random.random((9, 14), np.float32)
    colour = random.random((9, 14, 3), np.float32)
    planes = np.concatenate([np.moveaxis(colour * alpha[..., None], -1, 0), 1 - alpha[None]])
    truth = metrics.composite(metrics.unit(rgba[..., :3]), metrics.unit(rgba[..., 3]))
    assert planes_psnr(planes, rgba) == pytest.approx(metrics.psnr(metrics.composite(colour, alpha), truth), abs=1e-4)


def test_psnr_sees_colours_cut_to_the_range() -> None:
    white = np.full((4, 4, 4), 255, np.uint8)
    planes = np.stack([np.full((4, 4), value, np.float32) for value in (1.5, 2.0, 1.0, 0.0)])
    assert planes_psnr(planes, white) == 120.0

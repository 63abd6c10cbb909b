"""Which K directions of pose and expression the correctives follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.rig.rig import Rig

Floats = NDArray[np.float32]
ROTATION_SCALE = 2.0
"""a radian of head turn counts as much as an expression coefficient of 2: it changes the shading of the whole head"""


def principal_directions(rig: Rig, inputs: Floats, count: int) -> tuple[Floats, Floats]:
    """Weights (K, D) and bias (K) of psi = weights @ inputs + bias, K <= ``count``.

    The principal components of the training inputs (T, D), whitened: psi has zero mean and unit variance over the
    capture, so that one learning rate suits every corrective. Directions that hold less than a thousandth of the
    variance are left out.
    """
    scale = np.ones(rig.corrective_inputs)
    scale[len(rig.expression_names) :] = ROTATION_SCALE
    mean = inputs.mean(0, dtype=np.float64)
    _, singular, directions = np.linalg.svd((inputs - mean) * scale, full_matrices=False)
    energy = singular**2
    kept = min(count, int((energy > 1e-3 * max(energy.sum(), 1e-12)).sum())) if energy.sum() > 1e-9 else 0
    deviation = singular[:kept] / np.sqrt(len(inputs))
    weights = directions[:kept] * scale / deviation[:, None]
    # The sign of a singular vector is arbitrary; fixed here so that a rerun anywhere gives the same file.
    signs = np.where(weights[np.arange(kept), np.abs(weights).argmax(1)] < 0, -1.0, 1.0) if kept else np.ones(0)
    weights = weights * signs[:, None]
    return weights.astype(np.float32), (-weights @ mean).astype(np.float32)

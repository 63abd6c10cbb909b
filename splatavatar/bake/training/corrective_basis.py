"""Which K directions of pose and expression the correctives follow."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.rig.rig import Rig

TURN, EXPRESSION = 0.05, 0.2
"""radians over all joints, coefficients: standard deviations below which inputs are hardly more than tracking noise. A
corrective that takes a degree for its full range saturates as soon as the head turns by three"""


def corrective_basis(rig: Rig, inputs: Floats, turns: int, expressions: int) -> tuple[Floats, Floats]:
    """Weights (K, D) and bias (K) of psi = weights @ inputs + bias, K <= ``turns`` + ``expressions``.

    The principal components of the joint rotations of the training inputs (T, D), then those of the expressions: apart,
    because what a turn does to the light is the same in every expression, and three directions hold all of it.
    """
    split = len(rig.expression_names)
    parts = []
    for columns, count, least in ((slice(split, None), turns, TURN), (slice(0, split), expressions, EXPRESSION)):
        weights, bias = principal_directions(inputs[:, columns], count, least)
        wide = np.zeros((len(bias), inputs.shape[1]), np.float32)
        wide[:, columns] = weights
        parts.append((wide, bias))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def principal_directions(inputs: Floats, count: int, least: float = 0.0) -> tuple[Floats, Floats]:
    """Weights (K, D) and bias (K) of the first K <= ``count`` principal components of ``inputs`` (T, D).

    Whitened: psi has zero mean and unit variance over the inputs, so that one learning rate suits every corrective.
    Directions that hold less than a thousandth of the variance are left out. Where the inputs deviate by less than
    ``least``, psi varies as much less.
    """
    mean = inputs.mean(0, dtype=np.float64)
    _, singular, directions = np.linalg.svd(inputs - mean, full_matrices=False)
    energy = singular**2
    kept = min(count, int((energy > 1e-3 * energy.sum()).sum())) if energy.sum() > 1e-9 else 0
    weights = directions[:kept] / np.maximum(singular[:kept, None] / np.sqrt(len(inputs)), least)
    # The sign of a singular vector is arbitrary; fixed here so that a rerun anywhere gives the same file.
    signs = np.where(weights[np.arange(kept), np.abs(weights).argmax(1)] < 0, -1.0, 1.0) if kept else np.ones(0)
    weights = weights * signs[:, None]
    return weights.astype(np.float32), (-weights @ mean).astype(np.float32)

"""The network that weighs the blendshapes of RGBAvatar (Li et al. 2025), and the linear map nearest to it.

From 129 numbers, FLAME's expression (100) and turns of neck, jaw and eyes (first two rows of each matrix), eyelids and
translation, come weights of K blendshapes by three layers of 128, or one. Our correctives are linear: the map is fitted
over faces and turns as they occur, and is exact at rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.avatar.avatar import Defect
from splatavatar.rotations import rotation_matrices

EXPRESSIONS, TURNED, INPUTS, HIDDEN = 100, 4, 129, 128
"""numbers of the expression; joints that turn, neck first; numbers of all; of the inner layers"""
SAMPLES, SEED = 4096, 0
USUAL_EXPRESSION = 0.8
"""size of a coefficient, standard deviations of FLAME"""
USUAL_TURNS = (0.15, 0.1, 0.15, 0.15)
"""radians, by joint"""
RIDGE = 1e-3
"""of the variance of an input, by which the fit is damped"""


@dataclass(frozen=True)
class BlendWeights:
    """The layers, each a matrix (out, in) and what is added (out); the values between are cut off below 0."""

    layers: tuple[tuple[Doubles, Doubles], ...]

    def __call__(self, inputs: Doubles) -> Doubles:
        """The weights (B, K) of ``inputs`` (B, 129)."""
        values = inputs
        for number, (matrix, added) in enumerate(self.layers):
            values = (np.maximum(values, 0) if number else values) @ matrix.T + added
        return values


def blend_weights(column: Doubles, count: int) -> BlendWeights:
    """The network of ``count`` blendshapes whose numbers are the first of ``column`` (N), zeros behind them.

    Raises Defect where they are too few.
    """
    used = int(np.flatnonzero(column)[-1]) + 1 if column.any() else 0
    one = ((INPUTS, count),)
    three = ((INPUTS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, count))
    sizes = one if used <= _numbers(one) else three
    if used > _numbers(sizes) or len(column) < _numbers(sizes):
        raise Defect(f"weight_module holds {used} numbers in {len(column)} rows, expected up to {_numbers(three)}")
    layers, at = [], 0
    for inner, outer in sizes:
        matrix = column[at : at + inner * outer].reshape(outer, inner)
        at += inner * outer
        layers.append((matrix, column[at : at + outer]))
        at += outer
    return BlendWeights(tuple(layers))


def _numbers(sizes: tuple[tuple[int, int], ...]) -> int:
    return sum((inner + 1) * outer for inner, outer in sizes)


def inputs_of(expression: Doubles, turns: Doubles) -> Doubles:
    """What the network is told (B, 129) of expressions (B, 100) and turns (B, 4, 3), axis-angle, of neck, jaw, left and
    right eye; eyelids and translation are 0."""
    rows = rotation_matrices(turns)[:, :, :2].reshape(len(turns), -1)
    rest = np.zeros((len(turns), INPUTS - EXPRESSIONS - 6 * TURNED))
    return np.concatenate([expression, rows, rest], 1)


@dataclass(frozen=True)
class LinearWeights:
    """Weights about those at rest: ``rest`` + ``size`` * (matrix @ inputs)."""

    rest: Doubles
    """(K)"""
    size: Doubles
    """(K) by how much they usually differ from those at rest"""
    matrix: Doubles
    """(K, E + 12): by expression coefficients, then by turns, radians; 1 is a usual difference"""
    explained: float
    """share of the variance of the weights that the map shows"""


def linear_weights(network: BlendWeights) -> LinearWeights:
    """The linear map nearest to ``network`` over usual faces."""
    random = np.random.default_rng(SEED)
    expression = random.normal(0, USUAL_EXPRESSION, (SAMPLES, EXPRESSIONS))
    turns = random.normal(0, 1, (SAMPLES, TURNED, 3)) * np.array(USUAL_TURNS)[:, None]
    given = np.concatenate([expression, turns.reshape(SAMPLES, -1)], 1)
    rest = network(inputs_of(np.zeros((1, EXPRESSIONS)), np.zeros((1, TURNED, 3))))[0]
    differs = network(inputs_of(expression, turns)) - rest
    if not np.isfinite(differs).all():
        raise Defect("weight_module gives weights that are not finite")
    square = given.T @ given
    matrix = np.linalg.solve(square + RIDGE * np.diag(np.diag(square)), given.T @ differs)
    left = float(((differs - given @ matrix) ** 2).sum())
    total = float((differs**2).sum())
    size = np.maximum(np.sqrt((differs**2).mean(0)), 1e-12)
    return LinearWeights(rest, size, matrix.T / size[:, None], 1 - left / total if total > 0 else 1.0)

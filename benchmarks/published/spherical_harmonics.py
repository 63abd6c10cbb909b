"""Real spherical harmonics of degree 0 to 3, as polynomials of a unit vector."""

from __future__ import annotations

import math

import torch
from torch import Tensor

COUNTS = (1, 4, 9, 16)
"""basis functions up to each degree"""
DC = 0.5 / math.sqrt(math.pi)
"""the constant one"""


def basis(direction: Tensor, degree: int) -> Tensor:
    """(N, COUNTS[degree]) values at unit vectors ``direction`` (N, 3), orthonormal over the sphere.

    Ordered by degree l, then by order m from -l to l; without the Condon-Shortley phase.
    """
    x, y, z = direction.unbind(-1)
    pi = math.pi
    values = [torch.full_like(x, DC)]
    if degree >= 1:
        a = math.sqrt(3 / (4 * pi))
        values += [a * y, a * z, a * x]
    if degree >= 2:
        xx, yy, zz = x * x, y * y, z * z
        a = math.sqrt(15 / (4 * pi))
        values += [a * x * y, a * y * z, math.sqrt(5 / (16 * pi)) * (3 * zz - 1), a * x * z, a / 2 * (xx - yy)]
    if degree >= 3:
        a, b, c = math.sqrt(35 / (32 * pi)), math.sqrt(105 / (4 * pi)), math.sqrt(21 / (32 * pi))
        values += [
            a * y * (3 * xx - yy),
            b * x * y * z,
            c * y * (5 * zz - 1),
            math.sqrt(7 / (16 * pi)) * z * (5 * zz - 3),
            c * x * (5 * zz - 1),
            b / 2 * z * (xx - yy),
            a * x * (xx - 3 * yy),
        ]
    return torch.stack(values, -1)


def colour(constant: Tensor, rest: Tensor, direction: Tensor, degree: int) -> Tensor:
    """(N, 3) RGB, not negative: the expansion plus one half (Kerbl et al. 2023).

    ``constant`` (N, 3) are the coefficients of degree 0, ``rest`` (N, 15, 3) those above, of which the first are used.
    """
    value = DC * constant + 0.5
    if degree > 0:
        functions = basis(direction, degree)[:, 1:]
        value = value + torch.einsum("nb,nbc->nc", functions, rest[:, : functions.shape[1]])
    return value.clamp(min=0)

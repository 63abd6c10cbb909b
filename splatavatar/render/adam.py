"""Adam with decoupled weight decay (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019) in torch.

This is the definition that the kernels of ``native/kernels_adam.h`` and ``gpu/adam.py`` are tested against.
"""

from __future__ import annotations

import torch
from torch import Tensor

BETA1, BETA2 = 0.9, 0.999
"""decay of the first and of the second moment a step"""
EPSILON = 1e-15
"""added to the root of the second moment"""


def adam_step(
    value: Tensor, first: Tensor, second: Tensor, gradient: Tensor, on: Tensor, rate: float, shrink: float, step: int
) -> None:
    """One in-place step of the values where ``on``.

    ``first`` and ``second`` are the moments, ``shrink`` is a factor of the value before the step, ``step`` counts
    from 1.
    """
    first.copy_(torch.where(on, BETA1 * first + (1 - BETA1) * gradient, first))
    second.copy_(torch.where(on, BETA2 * second + (1 - BETA2) * gradient * gradient, second))
    update = rate * first / (1 - BETA1**step) / ((second / (1 - BETA2**step)).sqrt() + EPSILON)
    value.copy_(torch.where(on, shrink * value - update, value))

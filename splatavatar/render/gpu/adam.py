"""Adam with decoupled weight decay as Triton kernels: the GPU twin of ``render/native/kernels_adam.h``.

Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019. Rows of Gaussians that no view sees are left as they are.
A thread steps one value at a time and neighbouring threads neighbouring values: with any row masked, wider accesses
would be taken apart again.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from collections.abc import Mapping

import triton
import triton.language as tl
from torch import Tensor

from splatavatar.render.adam import BETA1, BETA2, EPSILON

WIDTHS = {"position": 3, "rotation": 4, "log_scale": 3, "logit": 1, "colour": 3, "sh": 9}
"""values a Gaussian has of each parameter"""

_BETA1, _BETA2 = tl.constexpr(BETA1), tl.constexpr(BETA2)
_EPSILON = tl.constexpr(EPSILON)
BLOCK = 128  # threads of a program, one value each at a time
TABLES = 4  # correctives that a program steps: the gradients they share are then read from the L1 cache


def adam_all(
    values: Mapping[str, Tensor],
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
    visible: Tensor,
    rates: Mapping[str, float],
    shrinks: Mapping[str, float],
    step: int,
) -> None:
    """One in-place step of all parameters of N Gaussians in one launch; see ``Engine.update``.

    Args:
        values, first, second, gradients: by the names of ``WIDTHS``, contiguous float32 (N, ...) of that many values a
            row.
        visible: (N) uint8, the rows that are stepped.
        rates, shrinks: by the same names; ``shrinks`` are factors of the value before the step.
        step: number of this step, the first is 1.
    """
    if len(visible):
        state = tuple(tuple(group[name] for name in WIDTHS) for group in (values, first, second, gradients))
        numbers = tuple(tuple(float(group[name]) for name in WIDTHS) for group in (rates, shrinks))
        _launch(state, visible, numbers, step, tuple(WIDTHS.values()))


def adam_correctives(
    table: Tensor,
    first: Tensor,
    second: Tensor,
    psi: Tensor,
    shared: Tensor,
    visible: Tensor,
    rate: float,
    shrink: float,
    step: int,
) -> None:
    """One in-place step of ``table`` (K, N, 6), whose gradient, sum over b of psi[b, k] shared[b], is never written.

    Args:
        first, second: (K, N, 6) moments.
        psi: (B, K) corrective weights of each view.
        shared: (B, N, 6) gradients of the corrected position and colour from each view.
        visible: (N) uint8, the rows that are stepped.
    """
    tables, rows, width = table.shape
    grid = (triton.cdiv(rows * width, BLOCK), triton.cdiv(tables, TABLES))
    if rows and tables:
        state = (table, first, second, psi, shared, visible)
        sizes = (tables, rows, len(psi), width)
        numbers = (rate, shrink, *_corrections(step))
        _adam_correctives[grid](*state, *numbers, *sizes, TABLES, BLOCK, num_warps=BLOCK // 32)


def _launch(
    state: tuple[tuple[Tensor, ...], ...],
    visible: Tensor,
    numbers: tuple[tuple[float, ...], ...],
    step: int,
    widths: tuple[int, ...],
) -> None:
    rows = len(visible)
    _adam[(triton.cdiv(rows, BLOCK),)](
        *state, visible, *numbers, *_corrections(step), rows, widths, BLOCK, num_warps=BLOCK // 32
    )


def _corrections(step: int) -> tuple[float, float]:
    """Of the bias of the moments towards zero, their start."""
    return 1 / (1 - BETA1**step), 1 / (1 - BETA2**step)


@triton.jit
def _step(value, first, second, slope, at, on, numbers):
    rate, shrink, correction1, correction2 = numbers
    m = _BETA1 * tl.load(first + at, on, 0.0) + (1 - _BETA1) * slope
    v = _BETA2 * tl.load(second + at, on, 0.0) + (1 - _BETA2) * slope * slope
    move = rate * (m * correction1) / (tl.sqrt(v * correction2) + _EPSILON)
    tl.store(value + at, shrink * tl.load(value + at, on, 0.0) - move, on)
    tl.store(first + at, m, on)
    tl.store(second + at, v, on)


@triton.jit
def _step_rows(state, numbers, rows, WIDTH: tl.constexpr, BLOCK: tl.constexpr):
    """BLOCK rows of WIDTH values."""
    value, first, second, gradient, visible = state
    begin = tl.program_id(0) * BLOCK
    for i in tl.static_range(WIDTH):
        of_block = i * BLOCK + tl.arange(0, BLOCK)
        row = begin + of_block // WIDTH
        on = tl.load(visible + row, row < rows, 0) != 0
        at = begin * WIDTH + of_block
        _step(value, first, second, tl.load(gradient + at, on, 0.0), at, on, numbers)


@triton.jit(do_not_specialize=["rows"])
def _adam(
    values,
    first,
    second,
    gradients,
    visible,
    rates,
    shrinks,
    correction1,
    correction2,
    rows,
    WIDTHS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    for p in tl.static_range(len(WIDTHS)):
        state = (values[p], first[p], second[p], gradients[p], visible)
        _step_rows(state, (rates[p], shrinks[p], correction1, correction2), rows, WIDTHS[p], BLOCK)


@triton.jit(do_not_specialize=["tables", "rows", "views"])
def _adam_correctives(
    table,
    first,
    second,
    psi,
    shared,
    visible,
    rate,
    shrink,
    correction1,
    correction2,
    tables,
    rows,
    views,
    WIDTH: tl.constexpr,
    TABLES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    of_plane = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    row = of_plane // WIDTH
    seen = tl.load(visible + row, row < rows, 0) != 0
    plane = rows.to(tl.int64) * WIDTH  # values of a corrective
    for i in tl.static_range(TABLES):
        k = tl.program_id(1) * TABLES + i
        at = k * plane + of_plane
        on = seen & (at < tables * plane)
        weight = psi + tl.minimum(k, tables - 1)
        slope = tl.zeros((BLOCK,), tl.float32)
        b = 0
        while b < views:  # range(views) of an argument is beyond the interpreter of Triton 3.6
            slope += tl.load(weight + b * tables) * tl.load(shared + b * plane + of_plane, on, 0.0)
            b += 1
        _step(table, first, second, slope, at, on, (rate, shrink, correction1, correction2))

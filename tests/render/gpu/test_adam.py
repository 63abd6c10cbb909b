"""The Adam kernels against the torch twin in float64, and compiled for every generation of GPU."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from splatavatar.bake.engines.splats import PARAMETERS
from splatavatar.render.adam import adam_step
from support.compiled_kernels import ARCHITECTURES, compiled

pytest.importorskip("triton")
from splatavatar.render.gpu import adam as kernels

ROWS = 131  # more than a block, and no multiple of one
SHAPES = {"position": (3,), "rotation": (4,), "log_scale": (3,), "logit": (), "colour": (3,), "sh": (3, 3)}


def test_widths_are_those_of_the_parameters() -> None:
    assert tuple(kernels.WIDTHS) == PARAMETERS


def random_state(shape: tuple[int, ...], step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Value, moments and gradient; the moments are zero before the first step."""
    value, first, second, gradient = torch.randn(4, *shape)
    old = float(step > 1)
    return value, old * 0.1 * first, old * 0.01 * second.square(), gradient


def visible_rows(rows: int, device: torch.device) -> Tensor:
    return (torch.rand(rows, device=device) < 0.7).to(torch.uint8)


def assert_same(ours: tuple[Tensor, ...], twin: tuple[Tensor, ...]) -> None:
    for a, b in zip(ours, twin, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-6)


def twin_step(
    state: tuple[Tensor, ...], gradient: Tensor, visible: Tensor, rate: float, shrink: float, step: int
) -> None:
    value, first, second = state
    on = visible.bool().view(-1, *[1] * (value.dim() - 1))
    adam_step(value, first, second, gradient, on, rate, shrink, step)


@pytest.mark.parametrize("step", [1, 16, 500])
def test_all_parameters_at_once(device: torch.device, step: int) -> None:
    torch.manual_seed(step)
    states = {n: tuple(t.to(device) for t in random_state((ROWS, *shape), step)) for n, shape in SHAPES.items()}
    before = {n: state[0].clone() for n, state in states.items()}
    twins = {n: tuple(t.double() for t in state) for n, state in states.items()}
    visible = visible_rows(ROWS, device)
    rates = {n: 0.001 * (i + 1) for i, n in enumerate(SHAPES)}
    shrinks = {n: 1 - 0.01 * i for i, n in enumerate(SHAPES)}
    groups = ({n: state[i] for n, state in states.items()} for i in range(4))
    kernels.adam_all(*groups, visible, rates, shrinks, step)
    for n in SHAPES:
        *twin, gradient = twins[n]
        twin_step(tuple(twin), gradient, visible, rates[n], shrinks[n], step)
        assert_same(states[n], twins[n])
        assert torch.equal(states[n][0][visible == 0], before[n][visible == 0])


def test_zero_gradient_at_rest_moves_nothing(device: torch.device) -> None:
    values = {n: torch.randn(7, *shape, device=device) for n, shape in SHAPES.items()}
    moved = {n: v.clone() for n, v in values.items()}
    none = [{n: torch.zeros_like(v) for n, v in values.items()} for _ in range(3)]
    on = torch.ones(7, dtype=torch.uint8, device=device)
    kernels.adam_all(moved, *none, on, dict.fromkeys(SHAPES, 0.1), dict.fromkeys(SHAPES, 1.0), 3)
    assert all(torch.equal(moved[n], values[n]) for n in SHAPES)


def test_no_rows(device: torch.device) -> None:
    empty = {n: torch.zeros(0, *shape, device=device) for n, shape in SHAPES.items()}
    visible = torch.zeros(0, dtype=torch.uint8, device=device)
    numbers = dict.fromkeys(SHAPES, 0.5)
    kernels.adam_all(empty, empty, empty, empty, visible, numbers, numbers, 1)
    table, shared = torch.zeros(2, 0, 6, device=device), torch.zeros(1, 0, 6, device=device)
    kernels.adam_correctives(table, table, table, torch.ones(1, 2, device=device), shared, visible, 0.1, 1.0, 1)


@pytest.mark.parametrize(("views", "tables"), [(1, 1), (3, 6), (2, 4)])
def test_correctives(device: torch.device, views: int, tables: int) -> None:
    torch.manual_seed(views)
    rows = 47
    table, first, second, _ = (t.to(device) for t in random_state((tables, rows, 6), 4))
    psi, shared = torch.randn(views, tables, device=device), torch.randn(views, rows, 6, device=device)
    visible = visible_rows(rows, device)
    twin = table.double(), first.double(), second.double()
    gradient = torch.einsum("bk,bnc->knc", psi.double(), shared.double())
    before = table.clone()
    kernels.adam_correctives(table, first, second, psi, shared, visible, 0.01, 0.98, 4)
    for k in range(tables):
        twin_step(tuple(t[k] for t in twin), gradient[k], visible, 0.01, 0.98, 4)
    assert_same((table, first, second), twin)
    assert torch.equal(table[:, visible == 0], before[:, visible == 0])


NUMBERS = dict.fromkeys(("rate", "shrink", "correction1", "correction2"), "fp32")
MOMENTS = {"first": "*fp32", "second": "*fp32", "visible": "*u8", "rows": "i32"}


@pytest.mark.parametrize("cc", ARCHITECTURES)
@pytest.mark.parametrize("widths", [(3,), tuple(kernels.WIDTHS.values())])
def test_compiles(widths: tuple[int, ...], cc: int) -> None:
    pointers, floats = ("*fp32",) * len(widths), ("fp32",) * len(widths)
    groups = dict.fromkeys(("values", "first", "second", "gradients"), pointers)
    signature = {**NUMBERS, **MOMENTS, **groups, "rates": floats, "shrinks": floats}
    result = compiled(kernels._adam, signature, {"WIDTHS": widths, "BLOCK": kernels.BLOCK}, cc)
    assert f"sm_{cc}" in result.ptx
    assert result.stack == 0, "registers are spilled"


@pytest.mark.parametrize("cc", ARCHITECTURES)
def test_compiles_correctives(cc: int) -> None:
    pointers, sizes = dict.fromkeys(("table", "psi", "shared"), "*fp32"), {"tables": "i32", "views": "i32"}
    constants = {"WIDTH": 6, "TABLES": kernels.TABLES, "BLOCK": kernels.BLOCK}
    result = compiled(kernels._adam_correctives, {**NUMBERS, **MOMENTS, **pointers, **sizes}, constants, cc)
    assert f"sm_{cc}" in result.ptx
    assert result.stack == 0, "registers are spilled"

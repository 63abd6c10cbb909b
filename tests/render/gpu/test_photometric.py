"""The loss kernels against the torch twin in float64, and compiled for every generation of GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from splatavatar.bake.engines.engine import LossWeights, Target
from splatavatar.bake.engines.torch_engine import photometric
from splatavatar.render.camera import Camera
from support.compiled_kernels import ARCHITECTURES, compiled

pytest.importorskip("triton")
from splatavatar.render.gpu import photometric as kernels

WEIGHTS = (0.7, 0.3, 0.2)

Rectangle = tuple[int, int, int, int]


@pytest.fixture(autouse=True)
def low_strips(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreted, a row of a strip takes as long however few of its pixels are in the picture."""
    if device.type == "cpu":
        monkeypatch.setattr(kernels, "ROWS", 4)


def problem(
    height: int, width: int, rectangles: list[Rectangle], index: list[int], device: torch.device
) -> list[Tensor]:
    """Arguments of ``Photometric``, but the weights: pictures that vary smoothly, and renders near them."""
    rng = np.random.default_rng(height * width)
    y, x = np.mgrid[:height, :width]
    phase = rng.uniform(0, 6, (len(rectangles), 1, 1, 4))
    pictures = 127 + 100 * np.sin(0.4 * x[..., None] + 0.3 * y[..., None] + phase) + rng.uniform(-20, 20, phase.shape)
    pictures = pictures.clip(0, 255).astype(np.uint8)
    seen = pictures[index] / 255
    matte = seen[..., 3:]
    planes = np.concatenate([seen[..., :3] * matte, 1 - matte], -1) + rng.normal(0, 0.1, seen.shape)
    return [
        torch.tensor(planes.transpose(0, 3, 1, 2).copy(), dtype=torch.float32, device=device),
        torch.tensor(pictures, device=device),
        torch.tensor(index, device=device),
        torch.tensor(rng.uniform(0, 1, (len(index), 3)), dtype=torch.float32, device=device),
        torch.tensor(rectangles, dtype=torch.int32, device=device),
    ]


def twin(arguments: list[Tensor], view: int, weights: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    """Gradient (4, H, W) and terms (3) of one view in float64."""
    planes, pictures, index, background, rectangles = (t.cpu() for t in arguments)
    picture = int(index[view])
    _, _, height, width = planes.shape
    x0, y0, x1, y1 = rectangles[picture].tolist()
    camera = Camera(np.eye(3), np.eye(4), width, height)
    target = Target("", pictures[picture].numpy(), camera, 0, (x0, y0, x1, y1))
    leaf = planes[view].double().requires_grad_()
    behind = background[view].double()
    colour = leaf[:3].permute(1, 2, 0) + leaf[3, ..., None] * behind
    loss, terms = photometric(colour, 1 - leaf[3], pictures[picture], target, behind, LossWeights(*weights))
    loss.backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    return leaf.grad, terms


def assert_is_twin(
    arguments: list[Tensor], loss: kernels.Photometric, weights: tuple[float, float, float] = WEIGHTS
) -> None:
    for view in range(len(loss.terms)):
        gradient, terms = twin(arguments, view, weights)
        scale = float(gradient.abs().max())
        torch.testing.assert_close(loss.terms[view].double().cpu(), terms, rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(loss.gradient[view].double().cpu(), gradient, rtol=1e-4, atol=1e-4 * scale)


def test_batch(device: torch.device) -> None:
    """Different pictures over different backgrounds, each with its rectangle: one ends at the picture's border."""
    arguments = problem(6, 9, [(0, 0, 9, 6), (1, 1, 6, 5), (3, 2, 9, 6)], [2, 1], device)
    loss = kernels.Photometric(2, 6, 9, device)
    loss.gradient.fill_(torch.nan)
    loss(*arguments, WEIGHTS)
    assert_is_twin(arguments, loss)


@pytest.mark.parametrize(
    ("height", "width", "rectangle"),
    [
        (3, 131, (0, 0, 131, 3)),  # wider than a strip
        (4, 140, (126, 1, 131, 4)),  # across the border of two strips
        (19, 9, (2, 14, 8, 18)),  # some strips have none of it
        (7, 13, (4, 4, 6, 5)),  # smaller than the window
    ],
)
def test_rectangle(device: torch.device, height: int, width: int, rectangle: Rectangle) -> None:
    arguments = problem(height, width, [rectangle], [0], device)
    loss = kernels.Photometric(1, height, width, device)
    loss.gradient.fill_(torch.nan)
    loss(*arguments, WEIGHTS)
    assert_is_twin(arguments, loss)
    x0, y0, x1, y1 = rectangle
    loss.gradient[:, :, y0:y1, x0:x1] = 0
    assert not loss.gradient.any()


def test_empty_rectangle(device: torch.device) -> None:
    arguments = problem(3, 5, [(2, 1, 2, 1)], [0], device)
    loss = kernels.Photometric(1, 3, 5, device)
    loss.gradient.fill_(torch.nan)
    loss(*arguments, WEIGHTS)
    assert not loss.gradient.any()
    assert not loss.terms.any()


def test_one_term_after_another(device: torch.device) -> None:
    """In the same buffers."""
    loss = kernels.Photometric(1, 2, 5, device)
    for index in range(3):
        arguments = problem(2, 5, [(0, 0, 5, 2)] * 3, [index], device)
        weights = (float(index == 0), float(index == 1), float(index == 2))
        loss(*arguments, weights)
        assert_is_twin(arguments, loss, weights)


def test_same_picture_costs_nothing(device: torch.device) -> None:
    """An opaque picture rendered as it is: no loss, and no gradient of L1 where nothing differs."""
    pictures = torch.randint(0, 256, (1, 2, 8, 4), dtype=torch.uint8, device=device)
    pictures[..., 3] = 255
    planes = torch.zeros(1, 4, 2, 8, device=device)
    planes[:, :3] = pictures[..., :3].permute(0, 3, 1, 2) * torch.tensor(1 / 255, dtype=torch.float32)
    index, rectangles = torch.tensor([0], device=device), torch.tensor([[0, 0, 8, 2]], dtype=torch.int32, device=device)
    loss = kernels.Photometric(1, 2, 8, device)
    loss(planes, pictures, index, torch.full((1, 3), 0.5, device=device), rectangles, WEIGHTS)
    torch.testing.assert_close(loss.terms, torch.zeros_like(loss.terms), rtol=0, atol=1e-6)
    torch.testing.assert_close(loss.gradient, torch.zeros_like(loss.gradient), rtol=0, atol=1e-5)


POINTERS = dict.fromkeys(("planes", "background", "derivatives", "gradient", "terms"), "*fp32")
INTEGERS = {"pictures": "*i32", "index": "*i64", "rectangles": "*i32", "height": "i32", "width": "i32"}
FACTORS = dict.fromkeys(("l1", "dssim", "matte"), "fp32")


@pytest.mark.parametrize("cc", ARCHITECTURES)
@pytest.mark.parametrize("name", ["_derivatives", "_gradient"])
def test_compiles(name: str, cc: int) -> None:
    kernel = getattr(kernels, name)
    signature = {k: v for k, v in {**POINTERS, **INTEGERS, **FACTORS}.items() if k in kernel.arg_names}
    result = compiled(kernel, signature, {"ROWS": kernels.ROWS, "COLUMNS": kernels.COLUMNS}, cc, kernels.COLUMNS // 32)
    assert f"sm_{cc}" in result.ptx
    assert result.stack == 0, "registers are spilled"

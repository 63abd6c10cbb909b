"""The native inner loop of a bake against its torch twin on the dense reference rasterizer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from splatavatar.bake.engine import Gradients, LossWeights, Target
from splatavatar.bake.native_engine import NativeEngine, as_rectangle
from splatavatar.bake.splats import PARAMETERS, Splats
from splatavatar.bake.torch_engine import TorchEngine
from splatavatar.render.camera import look_at

WEIGHTS = LossWeights(l1=0.8, dssim=0.2, matte=0.1)
WIDTH, HEIGHT = 60, 44


def sphere() -> tuple[torch.Tensor, torch.Tensor]:
    """An octahedron of 8 cm: vertices (6, 3) and faces (8, 3)."""
    vertices = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * 0.08
    faces = [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    bent = vertices + 0.01 * torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
    return bent, torch.tensor(faces, dtype=torch.int32)


def splats(count: int, correctives: int) -> Splats:
    random = torch.Generator().manual_seed(1)
    weight = torch.rand(count, 3, generator=random) + 0.1
    return Splats(
        face=torch.sort(torch.randint(0, 8, (count,), generator=random, dtype=torch.int32)).values,
        barycentric=weight / weight.sum(1, keepdim=True),
        position=torch.randn(count, 3, generator=random) * 0.05,
        rotation=torch.randn(count, 4, generator=random),
        log_scale=torch.randn(count, 3, generator=random) * 0.3 - 1.5,
        logit=torch.randn(count, generator=random),
        colour=torch.rand(count, 3, generator=random),
        sh=torch.randn(count, 3, 3, generator=random) * 0.1,
        correctives=torch.randn(correctives, count, 6, generator=random) * 0.02,
    )


def target() -> Target:
    random = np.random.default_rng(2)
    rgba = random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    view = look_at(np.array([0.05, 0.1, 0.7]), np.zeros(3), 0.3, WIDTH, HEIGHT)
    return Target("picture", rgba, view, 0, (3, 2, 57, 41))


@pytest.fixture(scope="module", params=[0, 3])
def pair(request: pytest.FixtureRequest) -> tuple[Gradients, Gradients]:
    vertices, faces = sphere()
    psi = torch.linspace(-1, 1, request.param)
    arguments = (splats(60, request.param), psi, vertices, target(), (0.3, 0.6, 0.1), WEIGHTS, True)
    twin = TorchEngine(faces, "reference", torch.device("cpu"))
    return NativeEngine(faces).gradients(*arguments), twin.gradients(*arguments)


def close(got: torch.Tensor, want: torch.Tensor, tolerance: float = 1e-3) -> bool:
    return float((got - want).norm()) <= tolerance * float(want.norm())


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_gradients(pair: tuple[Gradients, Gradients], name: str) -> None:
    native, twin = pair
    assert float(twin.parameters[name].norm()) > 0
    assert close(native.parameters[name], twin.parameters[name])


def test_vertex_gradient(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].vertices is not None and pair[1].vertices is not None
    assert close(pair[0].vertices, pair[1].vertices)


def test_losses_and_blending_weights(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].losses == pytest.approx(pair[1].losses, rel=1e-4)
    assert close(pair[0].weight, pair[1].weight)


def test_smaller_rectangle_after_a_larger_one() -> None:
    # The scratch memory of the loss keeps rows of the previous picture; they must not leak into the next.
    vertices, faces = sphere()
    engine, model = NativeEngine(faces), splats(60, 0)
    small = Target("small", target().rgba, target().camera, 0, (20, 15, 40, 30))
    rest = ((0.3, 0.6, 0.1), WEIGHTS, False)
    expected = NativeEngine(faces).gradients(model, torch.zeros(0), vertices, small, *rest)
    engine.gradients(model, torch.zeros(0), vertices, target(), *rest)
    found = engine.gradients(model, torch.zeros(0), vertices, small, *rest)
    assert all(torch.equal(found.parameters[n], expected.parameters[n]) for n in PARAMETERS)


def test_adam_twins() -> None:
    _, faces = sphere()
    engines = (NativeEngine(faces), TorchEngine(faces, "reference", torch.device("cpu")))
    random = torch.Generator().manual_seed(3)
    start, gradient = (torch.randn(50, 3, generator=random) for _ in range(2))
    visible = (torch.rand(50, generator=random) > 0.4).to(torch.uint8)
    tables, psi, shared = torch.randn(4, 50, 6, generator=random), torch.randn(4, generator=random), torch.randn(50, 6)
    results = []
    for engine in engines:
        value, first, second = start.clone(), torch.zeros(50, 3), torch.zeros(50, 3)
        table, table_first, table_second = tables.clone(), torch.zeros_like(tables), torch.zeros_like(tables)
        for step in (1, 2, 3):
            engine.adam(value, first, second, gradient * step, visible, 0.01, 0.9, step)
            engine.adam_rank_one(table, table_first, table_second, psi, shared * step, visible, 0.01, 0.9, step)
        results.append((value, second, table, table_second))
    assert torch.equal(results[0][0][visible == 0], start[visible == 0])
    for got, want in zip(*results, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)


def test_rectangle() -> None:
    matte = np.zeros((20, 30), bool)
    assert as_rectangle(matte, 4) == (0, 0, 30, 20)
    matte[5:8, 10:20] = True
    assert as_rectangle(matte, 4) == (6, 1, 24, 12)
    assert as_rectangle(matte, 40) == (0, 0, 30, 20)

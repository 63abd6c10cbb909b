"""The engine of a GPU against the native one; its kernels are interpreted where there is no GPU."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.bake.engines import gpu_engine
from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target
from splatavatar.bake.engines.gpu_engine import GpuEngine
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.bake.engines.splats import PARAMETERS, Splats
from splatavatar.render.camera import look_at
from support.octahedron import FACES
from support.octahedron import splats as random_splats

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WEIGHTS = LossWeights(l1=0.8, dssim=0.2, matte=0.1)
COUNT, CORRECTIVES, LEAST = 24, 2, 0.5
EYES = ([0.05, 0.1, 0.7], [-0.3, 0.0, 0.6], [0.1, -0.2, 0.5])
SIZES = ((37, 20), (20, 18), (37, 20))


def splats() -> Splats:
    return random_splats(COUNT, CORRECTIVES)


def targets() -> tuple[Target, ...]:
    """The second is of another size than the first and the third."""
    random, made = np.random.default_rng(2), []
    for number, (eye, (width, height)) in enumerate(zip(EYES, SIZES, strict=True)):
        rgba = random.integers(0, 256, (height, width, 4), dtype=np.uint8)
        view = look_at(np.array(eye), np.zeros(3), 0.3, width, height)
        made.append(Target(f"picture {number}", rgba, view, number % 2, (2, 1, width - 1, height - 2)))
    return tuple(made)


def shots(numbers: tuple[int, ...], correctives: int, device: torch.device) -> Shots:
    whole = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * 0.08
    vertices = whole + 0.01 * torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(4))
    psi = torch.tensor([[0.5, -1.0], [-0.2, 0.4]])[:, :correctives]
    background = ((0.3, 0.6, 0.1), (1.0, 0.0, 0.5), (0.0, 0.2, 0.9))
    return Shots(
        tuple(TARGETS[i] for i in numbers),
        tuple((0, 1, 1)[i] for i in numbers),
        vertices.to(device),
        psi.to(device),
        tuple(background[i] for i in numbers),
    )


TARGETS = targets()


def on_gpu() -> GpuEngine:
    engine = GpuEngine(FACES, DEVICE)
    engine.prepare(TARGETS)
    return engine


@pytest.fixture(scope="module", params=[((0,), 0), ((0, 1, 2), CORRECTIVES)])
def pair(request: pytest.FixtureRequest) -> tuple[Gradients, Gradients]:
    numbers, correctives = request.param
    rest = (WEIGHTS, LEAST, True)
    want = NativeEngine(FACES).gradients(splats(), shots(numbers, correctives, torch.device("cpu")), *rest)
    return on_gpu().gradients(splats().to(DEVICE), shots(numbers, correctives, DEVICE), *rest), want


def close(got: torch.Tensor, want: torch.Tensor, tolerance: float = 1e-3) -> bool:
    return float((got.cpu() - want).norm()) <= tolerance * float(want.norm())


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(pair: tuple[Gradients, Gradients], name: str) -> None:
    assert float(pair[1].parameters[name].norm()) > 0
    assert close(pair[0].parameters[name], pair[1].parameters[name])


def test_by_picture(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].shared.shape == pair[1].shared.shape
    assert all(close(a, b) for a, b in zip(pair[0].shared, pair[1].shared, strict=True))


def test_vertices(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].vertices is not None and pair[1].vertices is not None
    assert close(pair[0].vertices, pair[1].vertices)


def test_losses_and_signals(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].losses.tolist() == pytest.approx(pair[1].losses.tolist(), rel=1e-4)
    assert close(pair[0].motion, pair[1].motion)
    assert close(pair[0].weight, pair[1].weight)
    assert torch.equal(pair[0].views.cpu(), pair[1].views)


def test_update() -> None:
    numbers = (0, 2)
    native, cpu = NativeEngine(FACES), torch.device("cpu")
    gradients = native.gradients(splats(), shots(numbers, CORRECTIVES, cpu), WEIGHTS, LEAST, False)
    visible = (torch.rand(COUNT, generator=torch.Generator().manual_seed(3)) > 0.4).to(torch.uint8)
    rates = {name: 0.01 * (i + 1) for i, name in enumerate((*PARAMETERS, "correctives"))}
    shrinks = {name: 1 - 0.01 * i for i, name in enumerate((*PARAMETERS, "correctives"))}
    results = []
    for engine, device in ((native, cpu), (on_gpu(), DEVICE)):
        state = [splats().to(device) for _ in range(3)]
        for moments in state[1:]:
            for name in (*PARAMETERS, "correctives"):
                getattr(moments, name).zero_()
        seen = shots(numbers, CORRECTIVES, device)
        moved = replace(
            gradients,
            parameters={n: g.to(device) for n, g in gradients.parameters.items()},
            shared=gradients.shared.to(device),
        )
        for number in (1, 2):
            step = AdamStep(rates, shrinks, number, visible.to(device), seen.psi[list(seen.pose)])
            engine.update(state[0], state[1], state[2], moved, step)
        results.append(state)
    for want, got in zip(*results, strict=True):
        for name in (*PARAMETERS, "correctives"):
            torch.testing.assert_close(getattr(got, name).cpu(), getattr(want, name), rtol=1e-4, atol=1e-6)


def test_the_picture_of_a_preview() -> None:
    seen = shots((0,), CORRECTIVES, torch.device("cpu"))
    native = NativeEngine(FACES).render(splats(), seen.psi[0], seen.vertices[0], TARGETS[0]).clone()
    moved = shots((0,), CORRECTIVES, DEVICE)
    got = on_gpu().render(splats().to(DEVICE), moved.psi[0], moved.vertices[0], TARGETS[0])
    assert torch.allclose(got.cpu(), native, atol=2e-4)


@pytest.mark.parametrize("first", [1, 40])
def test_lists_get_the_room_they_need(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    seen = shots((0,), 0, DEVICE)
    want = on_gpu().gradients(splats().to(DEVICE), seen, WEIGHTS, LEAST, False).parameters["colour"].clone()
    monkeypatch.setattr(gpu_engine, "capacity_for", lambda wanted: wanted)
    monkeypatch.setattr(gpu_engine, "FIRST_ENTRIES", first)
    engine = on_gpu()
    assert torch.allclose(engine.gradients(splats().to(DEVICE), seen, WEIGHTS, LEAST, False).parameters["colour"], want)
    (buffers,) = engine._buffers.values()
    assert len(buffers.lists.splat) == int(buffers.most_wanted) not in (COUNT, 40 * COUNT)

"""The native inner loop of a bake against its torch twin on the dense reference rasterizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target
from splatavatar.bake.engines.native_engine import NativeEngine, as_rectangle
from splatavatar.bake.engines.splats import PARAMETERS
from splatavatar.bake.engines.torch_engine import TorchEngine
from splatavatar.render.camera import look_at
from support.octahedron import FACES, splats

WEIGHTS = LossWeights(l1=0.8, dssim=0.2, matte=0.1)
WIDTH, HEIGHT = 60, 44


def sphere() -> tuple[torch.Tensor, torch.Tensor]:
    """An octahedron of 8 cm: vertices (6, 3) and faces (8, 3)."""
    vertices = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * 0.08
    bent = vertices + 0.01 * torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
    return bent, FACES


def target() -> Target:
    random = np.random.default_rng(2)
    rgba = random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    view = look_at(np.array([0.05, 0.1, 0.7]), np.zeros(3), 0.3, WIDTH, HEIGHT)
    return Target("picture", rgba, view, 0, (3, 2, 57, 41))


def shots(correctives: int, count: int = 1) -> Shots:
    """``count`` of three pictures from three sides, on two poses of which the third picture shows the first again."""
    vertices, _ = sphere()
    bent = vertices + 0.01 * torch.randn(6, 3, generator=torch.Generator().manual_seed(8))
    base, targets = target(), []
    for number, eye in enumerate(([0.05, 0.1, 0.7], [-0.3, 0.0, 0.6], [0.1, -0.2, 0.5])[:count]):
        view = look_at(np.array(eye), np.zeros(3), 0.3, WIDTH, HEIGHT)
        targets.append(replace(base, name=f"picture {number}", rgba=np.roll(base.rgba, 9 * number, 1), camera=view))
    psi = torch.stack([torch.linspace(-1, 1, correctives), torch.linspace(0.5, -0.2, correctives)])
    return Shots(
        tuple(targets),
        (0, 1, 0)[:count],
        torch.stack([vertices, bent]),
        psi,
        ((0.3, 0.6, 0.1), (1, 0, 0.5), (0, 0, 0))[:count],
    )


LEAST = 0.5


@pytest.fixture(scope="module", params=[(0, 1), (3, 1), (3, 3)])
def pair(request: pytest.FixtureRequest) -> tuple[Gradients, Gradients]:
    correctives, count = request.param
    _, faces = sphere()
    arguments = (splats(60, correctives), shots(correctives, count), WEIGHTS, LEAST, True)
    twin = TorchEngine(faces, "reference", torch.device("cpu"))
    return NativeEngine(faces).gradients(*arguments), twin.gradients(*arguments)


def close(got: torch.Tensor, want: torch.Tensor, tolerance: float = 1e-3) -> bool:
    return float((got - want).norm()) <= tolerance * float(want.norm())


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_gradients(pair: tuple[Gradients, Gradients], name: str) -> None:
    native, twin = pair
    assert float(twin.parameters[name].norm()) > 0
    assert close(native.parameters[name], twin.parameters[name])


def test_gradients_by_picture(pair: tuple[Gradients, Gradients]) -> None:
    native, twin = pair
    assert native.shared.shape == twin.shared.shape
    assert all(close(a, b) for a, b in zip(native.shared, twin.shared, strict=True))


def test_vertex_gradient(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].vertices is not None and pair[1].vertices is not None
    assert close(pair[0].vertices, pair[1].vertices)


def test_losses_and_blending_weights(pair: tuple[Gradients, Gradients]) -> None:
    assert pair[0].losses.tolist() == pytest.approx(pair[1].losses.tolist(), rel=1e-4)
    assert close(pair[0].weight, pair[1].weight)
    assert torch.equal(pair[0].views, pair[1].views)
    assert 0 < float(pair[0].views.mean()) < float(pair[0].views.max())


def test_a_batch_is_the_mean_of_its_pictures() -> None:
    _, faces = sphere()
    engine, model, all_three = NativeEngine(faces), splats(60, 3), shots(3, 3)
    whole, motion = engine.gradients(model, all_three, WEIGHTS, LEAST, False), torch.zeros(60)
    total = {name: torch.zeros_like(value) for name, value in whole.parameters.items()}
    for i in range(3):
        one = replace(
            all_three,
            targets=all_three.targets[i : i + 1],
            pose=all_three.pose[i : i + 1],
            background=all_three.background[i : i + 1],
        )
        found = engine.gradients(model, one, WEIGHTS, LEAST, False)
        total = {name: value + found.parameters[name] / 3 for name, value in total.items()}
        motion += found.motion
    assert all(close(whole.parameters[name], value, 1e-5) for name, value in total.items())
    assert close(whole.motion, motion, 1e-5)


def test_smaller_rectangle_after_a_larger_one() -> None:
    # The scratch memory of the loss keeps rows of the previous picture; they must not leak into the next.
    _, faces = sphere()
    engine, model, large = NativeEngine(faces), splats(60, 0), shots(0)
    small = replace(large, targets=(replace(large.targets[0], rectangle=(20, 15, 40, 30)),))
    expected = NativeEngine(faces).gradients(model, small, WEIGHTS, LEAST, False)
    engine.gradients(model, large, WEIGHTS, LEAST, False)
    found = engine.gradients(model, small, WEIGHTS, LEAST, False)
    assert all(torch.equal(found.parameters[n], expected.parameters[n]) for n in PARAMETERS)


@pytest.mark.parametrize("count", [1, 3])
def test_update_twins(count: int) -> None:
    _, faces = sphere()
    engines = (NativeEngine(faces), TorchEngine(faces, "reference", torch.device("cpu")))
    visible = (torch.rand(60, generator=torch.Generator().manual_seed(3)) > 0.4).to(torch.uint8)
    rates = {name: 0.01 * (i + 1) for i, name in enumerate((*PARAMETERS, "correctives"))}
    shrinks = {name: 1 - 0.01 * i for i, name in enumerate((*PARAMETERS, "correctives"))}
    seen, start = shots(3, count), splats(60, 3)
    psi = seen.psi[list(seen.pose)]
    gradients = engines[0].gradients(start, seen, WEIGHTS, LEAST, False)
    results = []
    for engine in engines:
        state = [start.rows(torch.arange(60)) for _ in range(3)]
        for moments in state[1:]:
            for name in (*PARAMETERS, "correctives"):
                getattr(moments, name).zero_()
        for number in (1, 2, 3):
            engine.update(state[0], state[1], state[2], gradients, AdamStep(rates, shrinks, number, visible, psi))
        results.append(state)
    for name in PARAMETERS:
        assert torch.equal(getattr(results[0][0], name)[visible == 0], getattr(start, name)[visible == 0])
        assert not torch.equal(getattr(results[0][0], name), getattr(start, name))
    for mine, theirs in zip(*results, strict=True):
        for name in (*PARAMETERS, "correctives"):
            torch.testing.assert_close(getattr(mine, name), getattr(theirs, name), rtol=1e-4, atol=1e-6)


def test_rectangle() -> None:
    matte = np.zeros((20, 30), bool)
    assert as_rectangle(matte, 4) == (0, 0, 30, 20)
    matte[5:8, 10:20] = True
    assert as_rectangle(matte, 4) == (6, 1, 24, 12)
    assert as_rectangle(matte, 40) == (0, 0, 30, 20)

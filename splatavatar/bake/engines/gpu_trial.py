"""A step of a tiny bake on a GPU beside the same on the CPU: whether it comes out right, and all kernels compiled."""

from __future__ import annotations

import numpy as np
import torch

from splatavatar.bake.engines.engine import AdamStep, Gradients, LossWeights, Shots, Target
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.bake.engines.splats import PARAMETERS, Splats
from splatavatar.render.camera import look_at

COUNT, CORRECTIVES = 8, 2
WIDTH, HEIGHT = 24, 16
FORMS = ((0, False), (CORRECTIVES, False), (CORRECTIVES, True))
"""of a step: correctives that move, and whether the rig does"""
WEIGHTS = LossWeights(l1=0.8, dssim=0.2, matte=0.1)
TOLERANCE = 1e-2
"""of the length of a gradient"""


def trial_step(device: torch.device) -> str | None:
    """What is wrong with the steps of a bake on ``device``; None where they are right.

    Takes seconds the first time, when Triton compiles. Every kernel of a bake is run in every form it has, so that
    none is compiled later.
    """
    from splatavatar.bake.engines.gpu_engine import GpuEngine

    faces, target = torch.tensor([[0, 1, 2]], dtype=torch.int32), _target()
    try:
        engine = GpuEngine(faces, device)
        engine.prepare([target])
        for correctives, with_vertices in FORMS:
            rest = (WEIGHTS, 0.5, with_vertices)
            right = NativeEngine(faces).gradients(_splats(), _shots(target, correctives, torch.device("cpu")), *rest)
            shots, splats = _shots(target, correctives, device), _splats().to(device)
            found = engine.gradients(splats, shots, *rest)
            if problem := _different(found, right):
                return problem
            first, second = (Splats(**{n: torch.zeros_like(v) for n, v in vars(splats).items()}) for _ in range(2))
            rates = dict.fromkeys((*PARAMETERS, "correctives"), 0.01)
            on = torch.ones(COUNT, dtype=torch.uint8, device=device)
            engine.update(splats, first, second, found, AdamStep(rates, rates, 1, on, shots.psi))
        engine.render(_splats().to(device), shots.psi[0], shots.vertices[0], target)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    except Exception as error:  # compilers and drivers raise what they like
        told = (str(error).strip().splitlines() or [""])[0]
        return f"a step of a bake fails ({type(error).__name__}: {told})"
    return None


def _different(found: Gradients, right: Gradients) -> str | None:
    pairs = [(name, found.parameters[name], right.parameters[name]) for name in PARAMETERS]
    pairs += [("blending weights", found.weight, right.weight), ("losses", found.losses, right.losses)]
    if found.vertices is not None and right.vertices is not None:
        pairs.append(("vertices", found.vertices, right.vertices))
    for name, got, want in pairs:
        away = float((got.cpu().double() - want.double()).norm() / want.double().norm())
        if not away <= TOLERANCE:  # true for NaN
            return f"the {name.replace('_', ' ')} of a step of a bake come out wrong by {away:.0%}"
    return None


def _splats() -> Splats:
    random = torch.Generator().manual_seed(1)
    weight = torch.rand(COUNT, 3, generator=random) + 0.1
    return Splats(
        face=torch.zeros(COUNT, dtype=torch.int32),
        barycentric=weight / weight.sum(1, keepdim=True),
        position=torch.randn(COUNT, 3, generator=random) * 0.1,
        rotation=torch.randn(COUNT, 4, generator=random),
        log_scale=torch.randn(COUNT, 3, generator=random) * 0.3 - 2,
        logit=torch.randn(COUNT, generator=random),
        colour=torch.rand(COUNT, 3, generator=random),
        sh=torch.randn(COUNT, 3, 3, generator=random) * 0.1,
        correctives=torch.randn(CORRECTIVES, COUNT, 6, generator=random) * 0.02,
    )


def _target() -> Target:
    rgba = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    view = look_at(np.array([0.05, 0.1, 0.7]), np.zeros(3), 0.4, WIDTH, HEIGHT)
    return Target("trial", rgba, view, 0, (1, 2, WIDTH - 1, HEIGHT - 2))


def _shots(target: Target, correctives: int, device: torch.device) -> Shots:
    vertices = torch.tensor([[[-0.1, -0.1, 0.0], [0.1, -0.1, 0.02], [0.0, 0.12, -0.02]]])
    psi = torch.tensor([[0.5, -1.0]])[:, :correctives]
    return Shots((target,), (0,), vertices.to(device), psi.to(device), ((0.3, 0.6, 0.1),))

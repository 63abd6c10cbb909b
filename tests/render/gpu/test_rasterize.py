"""The cuda backend against the reference and the native backend, in value and in every gradient."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.errors import DependencyError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.gpu.rasterize import rasterize_gpu
from splatavatar.render.gpu_check import cuda_problem
from splatavatar.render.rasterize import rasterize
from support.scenes import FIELDS, camera, scene

BACKGROUND = (0.2, 0.5, 0.9)
NAMES = [f.name for f in fields(Gaussians)]


def outputs(gaussians: Gaussians[Tensor], view: Camera, device: torch.device | None) -> dict[str, Tensor]:
    """Picture and gradients of a random functional of it; on the reference backend in float64 for no ``device``."""
    dtype = torch.float64 if device is None else torch.float32
    leaves = {n: getattr(gaussians, n).to(device, dtype).requires_grad_() for n in NAMES}
    pose = torch.as_tensor(view.T_camera_world).to(device, dtype).requires_grad_()
    if device is None:
        image = rasterize(Gaussians(**leaves), view, BACKGROUND, "reference", pose)
    else:
        image = rasterize_gpu(Gaussians(**leaves), pose, view, BACKGROUND)
    random = torch.Generator().manual_seed(5)
    by_colour = torch.randn(view.height, view.width, 3, generator=random).to(image.colour)
    by_alpha = torch.randn(view.height, view.width, generator=random).to(image.alpha)
    ((image.colour * by_colour).sum() + (image.alpha * by_alpha).sum()).backward()
    found = {"picture": image.colour, "alpha": image.alpha, "pose": pose.grad}
    found |= {n: leaf.grad for n, leaf in leaves.items()}
    return {n: t.detach().double().cpu() for n, t in found.items() if t is not None}


def assert_same(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    for name in ("picture", "alpha"):
        assert float((got[name] - want[name]).abs().max()) < 1e-4, name
    for name in (*NAMES, "pose"):
        assert float(want[name].norm()) > 0, name
        assert float((got[name] - want[name]).norm()) <= 1e-4 * float(want[name].norm()), name


@pytest.mark.parametrize("seed", range(2))
def test_value_and_gradients_match_the_reference(device: torch.device, seed: int) -> None:
    view = camera(37, 21)
    assert_same(outputs(scene(24, seed), view, device), outputs(scene(24, seed), view, None))


def test_a_turned_camera_close_by(device: torch.device) -> None:
    view = look_at(np.array([0.3, -0.2, 0.35]), np.array([0.02, 0.0, 0.0]), 0.7, 37, 19)
    assert_same(outputs(scene(20, 7), view, device), outputs(scene(20, 7), view, None))


def test_more_entries_than_there_was_room_for(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    from splatavatar.render.gpu import rasterize as module

    big, view = scene(8, 3), camera(37, 21)
    fields_ = {n: getattr(big, n).float().to(device) for n in NAMES}
    fields_["scale"] = torch.full((8, 3), 0.2, device=device)
    pose = torch.as_tensor(view.T_camera_world, device=device)
    want = rasterize_gpu(Gaussians(**fields_), pose, view, BACKGROUND)
    monkeypatch.setattr(module, "capacity_for", lambda wanted: wanted)
    monkeypatch.setattr(module, "FIRST_ENTRIES", 1)
    got = rasterize_gpu(Gaussians(**fields_), pose, view, BACKGROUND)
    assert torch.equal(got.colour, want.colour) and torch.equal(got.alpha, want.alpha)


def test_nothing_to_see(device: torch.device) -> None:
    empty = Gaussians(**{n: getattr(scene(3), n)[:0].to(device) for n in NAMES})
    behind = Gaussians(**{n: getattr(scene(3), n).to(device) for n in NAMES})
    behind = Gaussians(
        **{**{n: getattr(behind, n) for n in NAMES}, "mean": behind.mean + torch.tensor([0, 0, 5.0]).to(device)}
    )
    for gaussians in (empty, behind):
        pose = torch.as_tensor(camera().T_camera_world, device=device)
        image = rasterize_gpu(gaussians, pose, camera(), BACKGROUND)
        assert torch.allclose(image.colour, torch.tensor(BACKGROUND, device=device).expand_as(image.colour))
        assert float(image.alpha.abs().max()) == 0


@pytest.mark.skipif(cuda_problem() is None, reason="this machine has CUDA")
def test_without_a_gpu() -> None:
    with pytest.raises(DependencyError, match=r"^the cuda backend cannot work here: .+"):
        rasterize(scene(1), camera(), backend="cuda")


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(3))
def test_picture_and_gradients_match_cpu(seed: int) -> None:
    view, results = camera(640, 512), []
    for device in ("cpu", "cuda"):
        leaves = [getattr(scene(20000, seed), f).float().to(device).requires_grad_() for f in FIELDS]
        image = rasterize(Gaussians(*leaves), view, BACKGROUND)
        image.colour.square().sum().backward()
        results.append([image.colour.detach().cpu(), *(x.grad.cpu() for x in leaves)])
    assert float((results[0][0] - results[1][0]).abs().max()) <= 1 / 255
    for a, b in zip(results[0][1:], results[1][1:], strict=True):
        assert float((a - b).norm() / a.norm()) <= 1e-3

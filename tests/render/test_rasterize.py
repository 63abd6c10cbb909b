"""The native backend against the dense reference: value and every gradient, on each instruction set of this machine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.rasterize import rasterize
from support.scenes import FIELDS, camera, edited, scene

BACKGROUND = (0.2, 0.5, 0.9)


def outputs(gaussians: Gaussians[Tensor], view: Camera, backend: str) -> dict[str, Tensor]:
    """Colour, alpha and the gradient of a fixed random functional of both with respect to every input."""
    leaves = [getattr(gaussians, f).clone().requires_grad_() for f in FIELDS]
    pose = torch.tensor(view.T_camera_world, requires_grad=True)
    image = rasterize(Gaussians(*leaves), view, BACKGROUND, backend, pose)  # type: ignore[arg-type]
    random = torch.Generator().manual_seed(9)
    weight = torch.randn(view.height, view.width, 4, generator=random, dtype=torch.float64)
    ((image.colour * weight[..., :3]).sum() + (image.alpha * weight[..., 3]).sum()).backward()
    names = [*FIELDS, "T_camera_world"]
    inputs = dict(zip(names, [*leaves, pose], strict=True))
    gradients = {n: torch.zeros_like(x) if x.grad is None else x.grad for n, x in inputs.items()}
    return {"picture": image.colour.detach(), "alpha": image.alpha.detach(), **gradients}


def assert_same(gaussians: Gaussians[Tensor], view: Camera, tolerance: float = 2e-4) -> None:
    expected, found = outputs(gaussians, view, "reference"), outputs(gaussians, view, "cpu")
    for name, want in expected.items():
        got = found[name].to(want.dtype)
        assert torch.isfinite(got).all(), name
        limit = tolerance * float(want.abs().max()) + 1e-6 if want.numel() else 0.0
        assert float((got - want).abs().max() if want.numel() else 0) <= limit, name


@pytest.mark.parametrize("seed", range(4))
def test_random_scene(instruction_set: str, seed: int) -> None:
    assert_same(scene(40, seed), camera())


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (1, 1), (33, 5)])
def test_picture_sizes(instruction_set: str, size: tuple[int, int]) -> None:
    assert_same(scene(30, 5, 0.1), camera(*size))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17])
def test_counts(instruction_set: str, count: int) -> None:
    assert_same(scene(count, 7, 0.05), camera())


def test_off_screen_and_behind(instruction_set: str) -> None:
    s = scene(40, 3)
    mean = s.mean.clone()
    mean[:10, 0] += 0.6
    mean[10:20, 2] += 2.0
    mean[20:25, 2] += 0.985  # in front of the near plane by a hair, or not
    assert_same(edited(s, mean=mean), camera())


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 0.3])
def test_degenerate_scales(instruction_set: str, scale: float) -> None:
    s = scene(20, 4)
    scales = s.scale.clone()
    scales[:, 1] = scale
    scales[:5] = scale
    assert_same(edited(s, scale=scales), camera())


def test_opacity_zero_and_one(instruction_set: str) -> None:
    s = scene(30, 6, 0.05)
    opacity = s.opacity.clone()
    opacity[:8], opacity[8:16], opacity[16:20] = 0.0, 1.0, 1 / 300
    assert_same(edited(s, opacity=opacity), camera())


def test_opaque_pile_ends_early(instruction_set: str) -> None:
    # Forty opaque layers: all but the first few are cut off at transmittance 1e-4, which may change that much.
    s = scene(40, 8, 0.02)
    pile = edited(s, opacity=torch.full((40,), 0.97, dtype=torch.float64), scale=s.scale + 0.1)
    assert_same(pile, camera(), tolerance=1e-3)


def test_gradients_against_finite_differences() -> None:
    view, s = camera(24, 20), scene(6, 2, 0.05)
    pose = torch.tensor(view.T_camera_world)

    def picture(*fields: Tensor) -> Tensor:
        # Opacity kept away from the 1/255 threshold, where the picture has a step by definition.
        image = rasterize(Gaussians(*fields[:5]), view, BACKGROUND, "reference", fields[5])
        return image.colour[4:16:4, 4:16:4]

    wide = edited(s, scale=s.scale + 0.2, opacity=s.opacity * 0.3 + 0.4)
    leaves = [getattr(wide, f).requires_grad_() for f in FIELDS] + [pose.requires_grad_()]
    assert torch.autograd.gradcheck(picture, leaves, eps=1e-6, atol=1e-5)


def test_numpy_and_torch_give_the_same_picture() -> None:
    s = scene(30, 1)
    arrays = Gaussians(*(getattr(s, f).numpy().astype(np.float32) for f in FIELDS))
    tensors = Gaussians(*(getattr(s, f).float() for f in FIELDS))
    a, b = rasterize(arrays, camera(), BACKGROUND), rasterize(tensors, camera(), BACKGROUND)
    assert np.array_equal(a.colour, b.colour.numpy()) and np.array_equal(a.alpha, b.alpha.numpy())


def test_thread_count_does_not_change_a_bit() -> None:
    s, before = scene(500, 1), _native.thread_count()
    results = []
    for threads in (1, 2, 3):
        _native.set_thread_count(threads)
        results.append(outputs(s, camera(), "cpu"))
    _native.set_thread_count(before)
    for other in results[1:]:
        assert all(torch.equal(results[0][k], other[k]) for k in other)


def test_unknown_backend() -> None:
    with pytest.raises(SettingsError) as caught:
        rasterize(scene(1), camera(), backend="vulkan")  # type: ignore[call-overload]
    assert str(caught.value) == "unknown backend 'vulkan'; the backends are auto, cpu, cuda, gsplat, reference"

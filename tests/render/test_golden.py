"""The rasterizers against tensors that were written down once (tests/golden/render/make_golden.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera
from splatavatar.render.rasterize import Backend, rasterize

GOLDEN = Path(__file__).parents[1] / "golden" / "render" / "scene.npz"
FIELDS = ("mean", "rotation", "scale", "opacity", "colour")


def errors(backend: Backend, dtype: torch.dtype) -> dict[str, float]:
    """Largest difference from the golden tensors, relative to the largest value of each, by name."""
    with np.load(GOLDEN) as file:
        golden = dict(file)
    height, width = golden["alpha_picture"].shape
    view = Camera(golden["T_camera_world"], golden["K"], width, height)
    leaves = [torch.from_numpy(golden[field]).to(dtype).requires_grad_() for field in FIELDS]
    pose = torch.from_numpy(golden["T_camera_world"]).to(dtype).requires_grad_()
    image = rasterize(Gaussians(*leaves), view, tuple(golden["background"].tolist()), backend, pose)
    weight = torch.from_numpy(golden["weight"]).to(dtype)
    ((image.colour * weight[..., :3]).sum() + (image.alpha * weight[..., 3]).sum()).backward()
    found = {"colour_picture": image.colour.detach(), "alpha_picture": image.alpha.detach()}
    for name, leaf in zip((*FIELDS, "T_camera_world"), [*leaves, pose], strict=True):
        assert leaf.grad is not None
        found[f"gradient_{name}"] = leaf.grad
    return {
        name: float(np.abs(value.numpy() - golden[name]).max() / np.abs(golden[name]).max())
        for name, value in found.items()
    }


def test_cpu(instruction_set: str) -> None:
    found = errors("cpu", torch.float32)
    assert {name: error for name, error in found.items() if not error <= 2e-4} == {}


def test_reference() -> None:
    found = errors("reference", torch.float64)
    assert {name: error for name, error in found.items() if not error <= 1e-6} == {}


def test_the_scene_is_worth_the_name() -> None:
    with np.load(GOLDEN) as file:
        alpha, weight = file["alpha_picture"], file["weight"]
        gradients = {name: file[name] for name in file.files if name.startswith("gradient_")}
        moved = np.abs(file["gradient_mean"]).max(1) > 0
    assert alpha.shape == (40, 48) and weight.shape == (40, 48, 4)
    assert alpha.min() < 0.01 and alpha.max() > 0.95
    assert len(gradients) == 6 and all(np.abs(g).max() > 0 for g in gradients.values())
    assert 40 < moved.sum() < 64

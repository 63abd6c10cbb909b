"""Writes scene.npz: a scene of 64 Gaussians, its picture and its gradients by the float64 reference.

The kernels and the reference share their definition of the picture; this file holds on to it when both change together.
Run it from the checkout only when the definition is meant to change:

    PYTHONPATH=. python tests/golden/render/make_golden.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.rasterize import rasterize

COUNT, WIDTH, HEIGHT = 64, 48, 40
BACKGROUND = (0.2, 0.5, 0.9)
FIELDS = ("mean", "rotation", "scale", "opacity", "colour")


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A cloud about the origin with a few Gaussians beside the picture, behind the camera, opaque and invisible."""
    mean = rng.normal(0, 0.12, (COUNT, 3))
    mean[:4, 0] += 0.5
    mean[4:6, 2] += 2.0
    opacity = rng.random(COUNT)
    opacity[6:8], opacity[8:10] = 0.0, 1.0
    arrays = {
        "mean": mean,
        "rotation": rng.normal(0, 1, (COUNT, 4)),
        "scale": np.exp(rng.uniform(np.log(0.002), np.log(0.06), (COUNT, 3))),
        "opacity": opacity,
        "colour": rng.random((COUNT, 3)),
    }
    view = look_at(np.array([0.2, 0.1, 1.0]), np.zeros(3), 0.5, WIDTH, HEIGHT)
    view.K[0, 2] += 1.7
    weight = rng.normal(0, 1, (HEIGHT, WIDTH, 4)).astype(np.float32)
    return {
        **{name: array.astype(np.float32) for name, array in arrays.items()},
        "T_camera_world": view.T_camera_world,
        "K": view.K,
        "weight": weight,
    }


def main() -> None:
    given = inputs(np.random.default_rng(2024))
    leaves = [torch.from_numpy(given[field]).double().requires_grad_() for field in FIELDS]
    pose = torch.from_numpy(given["T_camera_world"]).requires_grad_()
    view = Camera(given["T_camera_world"], given["K"], WIDTH, HEIGHT)
    image = rasterize(Gaussians(*leaves), view, BACKGROUND, "reference", pose)
    weight = torch.from_numpy(given["weight"]).double()
    ((image.colour * weight[..., :3]).sum() + (image.alpha * weight[..., 3]).sum()).backward()
    gradients = {
        f"gradient_{name}": leaf.grad for name, leaf in zip((*FIELDS, "T_camera_world"), [*leaves, pose], strict=True)
    }
    picture = {"colour_picture": image.colour.detach(), "alpha_picture": image.alpha.detach()}
    computed = {name: tensor.numpy().astype(np.float32) for name, tensor in {**picture, **gradients}.items()}
    np.savez_compressed(Path(__file__).with_name("scene.npz"), background=np.array(BACKGROUND), **given, **computed)


if __name__ == "__main__":
    main()

"""A trained avatar of any method: what it keeps on disk, and how a pose of the rig becomes a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from published.scene import Pose, Scene, View
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Image
from splatavatar.render.rasterize import rasterize


class Player(Protocol):
    """One trained avatar."""

    def gaussians(self, pose: Pose, vertices: Tensor, eye: Tensor) -> Gaussians[Tensor]:
        """In the world, on posed ``vertices`` (V, 3), coloured as seen from ``eye`` (3)."""
        ...

    def __len__(self) -> int:
        """Number of Gaussians."""
        ...


def draw(player: Player, scene: Scene, pose: Pose, view: View, background: float = 0.0) -> Image[Tensor]:
    """The whole way from the parameters of the rig to a picture, without gradients."""
    with torch.no_grad():
        gaussians = player.gaussians(pose, scene.vertices(pose), view.eye)
        behind = (background, background, background)
        return rasterize(gaussians, view.camera, behind, T_camera_world=view.T_camera_world)


def save_halves(path: Path, tensors: dict[str, Tensor]) -> None:
    """Writes ``tensors``: real numbers at 16 bits, indices (below 65,536) as well."""
    kept = {}
    for name, tensor in tensors.items():
        here = tensor.detach().cpu().contiguous()
        kept[name] = here.half() if here.is_floating_point() else here.to(torch.uint16)
    save_file(kept, path)


def load_halves(path: Path, device: torch.device) -> dict[str, Tensor]:
    """What ``save_halves`` wrote, as float32 and int64."""
    loaded = load_file(path)
    return {n: (t.float() if t.is_floating_point() else t.long()).to(device) for n, t in loaded.items()}

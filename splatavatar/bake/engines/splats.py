"""The Gaussians while they are optimised: raw values in torch tensors, sorted by triangle."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from splatavatar.gaussians.gaussians import BoundGaussians, Correctives

PARAMETERS = ("position", "rotation", "log_scale", "logit", "colour", "sh")
"""names of the per-Gaussian parameters that are optimised"""


@dataclass
class Splats:
    """N Gaussians; see ``BoundGaussians`` for frames and units."""

    face: Tensor
    """(N) int32, ascending: Gaussians of a triangle are neighbours, so memory access and visibility are coherent"""
    barycentric: Tensor
    """(N, 3)"""
    position: Tensor
    """(N, 3)"""
    rotation: Tensor
    """(N, 4) quaternion wxyz, any length"""
    log_scale: Tensor
    """(N, 3)"""
    logit: Tensor
    """(N) of the opacity"""
    colour: Tensor
    """(N, 3)"""
    sh: Tensor
    """(N, 3, 3)"""
    correctives: Tensor
    """(K, N, 6) position and colour per unit of psi"""

    def __len__(self) -> int:
        return len(self.face)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The optimised tensors by name, without the correctives."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def rows(self, index: Tensor) -> Splats:
        """The Gaussians at ``index`` (M), in that order, as copies."""
        return Splats(
            **{
                f.name: getattr(self, f.name)[:, index] if f.name == "correctives" else getattr(self, f.name)[index]
                for f in fields(self)
            }
        )

    def to(self, device: torch.device) -> Splats:
        """The same on ``device``; shares memory where they are there already."""
        return Splats(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def activated(self, weights: Tensor, bias: Tensor) -> tuple[BoundGaussians, Correctives]:
        """What an avatar stores: unit quaternions, linear scales, opacities.

        psi = ``weights`` (K, D) @ inputs + ``bias`` (K).
        """
        correctives = Correctives(
            position=self.correctives[..., :3].contiguous().numpy(force=True),
            colour=self.correctives[..., 3:].contiguous().numpy(force=True),
            weights=weights.numpy(force=True).copy(),
            bias=bias.numpy(force=True).copy(),
        )
        return self.bound(), correctives

    def bound(self) -> BoundGaussians:
        """The Gaussians as an avatar stores them, without correctives."""
        unit = torch.nn.functional.normalize(self.rotation, dim=-1)
        return BoundGaussians(
            face=self.face.numpy(force=True).copy(),
            barycentric=self.barycentric.numpy(force=True).copy(),
            position=self.position.numpy(force=True).copy(),
            rotation=unit.numpy(force=True).copy(),
            scale=self.log_scale.exp().numpy(force=True),
            opacity=torch.sigmoid(self.logit).numpy(force=True),
            colour=self.colour.numpy(force=True).copy(),
            sh=self.sh.numpy(force=True).copy(),
        )


def concatenated(parts: list[Splats]) -> Splats:
    """All Gaussians of ``parts``, in order of their triangles."""
    merged = Splats(
        **{
            f.name: torch.cat([getattr(p, f.name) for p in parts], 1 if f.name == "correctives" else 0)
            for f in fields(Splats)
        }
    )
    return merged.rows(torch.argsort(merged.face, stable=True))

"""What one optimiser step computes, whatever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.bake.engines.splats import Splats
from splatavatar.render.camera import Camera


@dataclass(frozen=True)
class Target:
    """A picture to match."""

    name: str
    rgba: NDArray[np.uint8]
    """(H, W, 4) straight colour and matte"""
    camera: Camera
    timestep: int
    rectangle: tuple[int, int, int, int]
    """x0, y0, x1, y1 around the matte; the loss looks inside of it"""
    weight: float = 1.0
    """in [0, 1]: how often it is drawn, beside other pictures; less where the matte leaks"""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the photometric terms, each a mean over the pixels of the picture."""

    l1: float
    """|x - y|"""
    dssim: float
    """1 - SSIM"""
    matte: float
    """(alpha - matte)^2"""


@dataclass(frozen=True)
class Shots:
    """B pictures of P poses of the rig that one step looks at."""

    targets: tuple[Target, ...]
    """(B)"""
    pose: tuple[int, ...]
    """(B) row of ``vertices`` and ``psi`` that a picture shows"""
    vertices: Tensor
    """(P, V, 3) posed rig, metres"""
    psi: Tensor
    """(P, K) corrective weights; K may be less than there are correctives: the others rest"""
    background: tuple[tuple[float, float, float], ...]
    """(B) RGB behind render and picture"""

    def __len__(self) -> int:
        return len(self.targets)


@dataclass
class Gradients:
    """The gradients of the mean photometric loss of the pictures of a step."""

    parameters: dict[str, Tensor]
    """by the names of ``splats.PARAMETERS``; position and colour are those after correction"""
    shared: Tensor
    """(B, N, 6) position and colour after correction, by picture: the correctives' are psi times these; none (0, N, 6)
    where psi is empty"""
    vertices: Tensor | None
    """(P, V, 3), if asked for"""
    motion: Tensor
    """(N) length of the gradient of the projected mean by the picture's own loss, in half widths of the picture, sum
    over the pictures: 3DGS's signal to densify"""
    weight: Tensor
    """(N) sum of the blending weights over the pictures: zero where no view sees the Gaussian"""
    views: Tensor
    """(N) float, pictures in which that sum exceeds the least"""
    losses: Tensor
    """(3) unweighted means over the pictures: L1, D-SSIM, matte; on the engine's device, not waited for"""


def added(a: Gradients, b: Gradients) -> Gradients:
    """The gradients of the pictures of both."""
    vertices = None if a.vertices is None or b.vertices is None else a.vertices + b.vertices
    return Gradients(
        {name: value + b.parameters[name] for name, value in a.parameters.items()},
        torch.cat([a.shared, b.shared]),
        vertices,
        a.motion + b.motion,
        a.weight + b.weight,
        a.views + b.views,
        a.losses + b.losses,
    )


def sent(values: Sequence[Any], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Sends ``values`` as a tensor to ``device``, which is not waited for: indexing by a list would."""
    return torch.tensor(values, dtype=dtype).to(device, non_blocking=True)


class Engine(Protocol):
    """Computes gradients and applies them. Tensors in and out are on ``device``."""

    device: torch.device

    def prepare(self, targets: Sequence[Target]) -> None:
        """Told once which pictures will come, to have them at hand."""
        ...

    def render(self, splats: Splats, psi: Tensor, vertices: Tensor, target: Target) -> Tensor:
        """Draws (4, H, W): colour over black and transmittance, for ``psi`` (K) and ``vertices`` (V, 3).

        The tensor is valid until the next call.
        """
        ...

    def gradients(
        self, splats: Splats, shots: Shots, weights: LossWeights, least_weight: float, with_vertices: bool
    ) -> Gradients:
        """Gradients of the mean loss of ``shots``, valid until the next call.

        Args:
            least_weight: pixels that a Gaussian covers in a picture that counts for ``Gradients.views``.
            with_vertices: whether the gradient of the vertices is wanted.
        """
        ...

    def update(self, splats: Splats, first: Splats, second: Splats, gradients: Gradients, step: AdamStep) -> None:
        """One in-place Adam step (beta 0.9 and 0.999, epsilon 1e-15) of ``splats`` with moments ``first``, ``second``.

        Of rows whose ``step.visible`` is zero nothing moves. Correctives are stepped where ``step.psi`` has any.
        """
        ...


@dataclass(frozen=True)
class AdamStep:
    """How far to go; names are ``splats.PARAMETERS`` and ``correctives``."""

    rates: dict[str, float]
    shrinks: dict[str, float]
    """factor of the value before the step: decoupled weight decay"""
    number: int
    """of this step, the first is 1"""
    visible: Tensor
    """(N) uint8"""
    psi: Tensor
    """(B, K) of each picture"""

"""What one optimiser step computes, whatever computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from splatavatar.bake.splats import Splats
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


@dataclass
class Gradients:
    """Of the photometric loss of one picture."""

    parameters: dict[str, Tensor]
    """by the names of ``splats.PARAMETERS``; position and colour are those after correction"""
    vertices: Tensor | None
    """(V, 3), if asked for"""
    motion: Tensor
    """(N) length of the gradient of the projected mean, in half widths of the picture: 3DGS's signal to densify"""
    weight: Tensor
    """(N) sum of the blending weights over the picture: zero where the view does not see the Gaussian"""
    losses: tuple[float, float, float]
    """unweighted means: L1, D-SSIM, matte"""


class Engine(Protocol):
    """Computes gradients and applies them."""

    def gradients(
        self,
        splats: Splats,
        psi: Tensor,
        vertices: Tensor,
        target: Target,
        background: tuple[float, float, float],
        weights: LossWeights,
        with_vertices: bool,
    ) -> Gradients:
        """Gradients of the loss of ``target`` over ``background``.

        Args:
            psi: (K) corrective weights of the timestep.
            vertices: (V, 3) posed rig, metres.
            with_vertices: whether the gradient of the vertices is wanted.
        """
        ...

    def adam(
        self,
        value: Tensor,
        first: Tensor,
        second: Tensor,
        gradient: Tensor,
        visible: Tensor,
        rate: float,
        shrink: float,
        step: int,
    ) -> None:
        """One in-place Adam step (beta 0.9 and 0.999, epsilon 1e-15) on the rows whose ``visible`` (uint8) is set."""
        ...

    def adam_rank_one(
        self,
        value: Tensor,
        first: Tensor,
        second: Tensor,
        psi: Tensor,
        shared: Tensor,
        visible: Tensor,
        rate: float,
        shrink: float,
        step: int,
    ) -> None:
        """The same for ``value`` (K, N, 6) whose gradient is psi (K) times ``shared`` (N, 6)."""
        ...

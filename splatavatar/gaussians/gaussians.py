"""Gaussians: in the world, ready to rasterize, and bound to the triangles of a rig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from splatavatar.array_types import Floats, Ints

Array = TypeVar("Array")
PSI_LIMIT = 3.0
"""psi has unit variance over the capture; poses far outside of it are corrected no further than this"""


@dataclass(frozen=True)
class Gaussians(Generic[Array]):
    """N Gaussians in the world frame with activated values; ``Array`` is a numpy array or a torch tensor."""

    mean: Array
    """(N, 3) metres"""
    rotation: Array
    """(N, 4) quaternion wxyz, any length but zero"""
    scale: Array
    """(N, 3) standard deviations along the local axes, metres"""
    opacity: Array
    """(N) in [0, 1]"""
    colour: Array
    """(N, 3) RGB as seen from the camera at hand (spherical harmonics already evaluated), not clamped above"""


@dataclass(frozen=True)
class BoundGaussians:
    """N Gaussians, each in the frame of one triangle of a rig (see ``binding``)."""

    face: Ints
    """(N) triangle that carries the Gaussian"""
    barycentric: Floats
    """(N, 3) origin on the triangle, rows sum to one"""
    position: Floats
    """(N, 3) offset from the origin in the triangle frame, in units of the triangle's size k"""
    rotation: Floats
    """(N, 4) unit quaternion wxyz, triangle frame"""
    scale: Floats
    """(N, 3) standard deviations in units of the triangle's size k"""
    opacity: Floats
    """(N) in [0, 1]"""
    colour: Floats
    """(N, 3) RGB, the part that does not depend on the view"""
    sh: Floats
    """(N, 3, 3) [channel, axis]: colour += sh @ d, d the unit vector camera -> Gaussian in the triangle frame"""

    def __len__(self) -> int:
        return len(self.face)


@dataclass(frozen=True)
class Correctives:
    """K linear corrections of position and colour, driven by the pose.

    psi = clip(weights @ inputs + bias, +-PSI_LIMIT); ``inputs`` (D) are the expression coefficients followed by the
    flattened joint rotations (``Rig.corrective_inputs``).
    """

    position: Floats
    """(K, N, 3) added to ``BoundGaussians.position`` per unit of psi"""
    colour: Floats
    """(K, N, 3) added to ``BoundGaussians.colour`` per unit of psi"""
    weights: Floats
    """(K, D)"""
    bias: Floats
    """(K)"""

    def __len__(self) -> int:
        return len(self.bias)

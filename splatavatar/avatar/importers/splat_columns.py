"""The columns that PLY files of splats share, in whatever frame their numbers are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Floats, Ints
from splatavatar.avatar.avatar import Defect
from splatavatar.gaussians.formats.harmonics import colours, linear_terms
from splatavatar.gaussians.formats.ply_table import Table, columns, sigmoid

PER_CHANNEL = {0: 0, 9: 3, 24: 8, 45: 15}
"""coefficients of a channel by the number of ``f_rest`` columns"""
LARGEST_PLACE, LARGEST_LOG_SCALE, SMALLEST_LOG_SCALE = 1e4, 5.0, -30.0
"""of a place and the logarithm of a scale, in the unit of the file"""
LARGEST_COLOUR = 1e3


@dataclass(frozen=True)
class SplatColumns:
    """N Gaussians with activated values."""

    position: Floats
    """(N, 3)"""
    rotation: Floats
    """(N, 4) unit quaternion wxyz"""
    scale: Floats
    """(N, 3)"""
    opacity: Floats
    """(N)"""
    constant: Floats
    """(N, 3) f_dc as it is stored"""
    sh: Floats
    """(N, 3, 3) [channel, axis], zero where there are none; of degrees 2 and 3 degree 1"""
    degree: int
    """of the spherical harmonics in the file"""

    @property
    def colour(self) -> Floats:
        """(N, 3) RGB, where f_dc are coefficients of degree 0."""
        return colours(self.constant)


def splat_columns(table: Table) -> SplatColumns:
    """The Gaussians of ``table``. Raises Defect for a column that is absent or holds what makes no sense."""
    try:
        position = columns(table, ("x", "y", "z"))
        rotation = columns(table, tuple(f"rot_{i}" for i in range(4)))
        scale = columns(table, tuple(f"scale_{i}" for i in range(3)))
        constant = columns(table, tuple(f"f_dc_{i}" for i in range(3)))
        opacity = sigmoid(columns(table, ("opacity",))[:, 0])
        count = sum(name.startswith("f_rest_") for name in table)
        if count not in PER_CHANNEL:
            raise ValueError(f"it has {count} f_rest fields, expected 9, 24 or 45 (SH degree 1 to 3) or none")
        sh = np.zeros((len(position), 3, 3), np.float32)
        if count:
            harmonics = columns(table, tuple(f"f_rest_{i}" for i in range(count)))
            sh = linear_terms(harmonics.reshape(-1, 3, PER_CHANNEL[count])[:, :, :3])
    except ValueError as error:
        raise Defect(str(error)) from error
    if not len(position):
        raise Defect("it has no Gaussians")
    length = np.abs(rotation).max(1, keepdims=True)
    if not (length > 0).all():
        raise Defect("it has a Gaussian without a rotation")
    limits = (
        ("place", position, LARGEST_PLACE),
        ("scale", np.maximum(scale, 0), LARGEST_LOG_SCALE),
        ("colour", constant, LARGEST_COLOUR),
        ("colour", sh, LARGEST_COLOUR),
    )
    for what, values, most in limits:
        if np.abs(values).max() > most:
            raise Defect(f"it has a Gaussian whose {what} makes no sense")
    rotation /= length  # the largest numbers would overflow
    return SplatColumns(
        position=position.astype(np.float32),
        rotation=(rotation / np.linalg.norm(rotation, axis=1, keepdims=True)).astype(np.float32),
        scale=np.exp(np.maximum(scale, SMALLEST_LOG_SCALE)).astype(np.float32),
        opacity=opacity,
        constant=constant.astype(np.float32),
        sh=sh,
        degree=list(PER_CHANNEL).index(count),
    )


def whole_numbers(table: Table, name: str, count: int) -> Ints:
    """The column ``name`` (N), which counts triangles, of which there are ``count``. Raises Defect."""
    try:
        values = columns(table, (name,))[:, 0]
    except ValueError as error:
        raise Defect(str(error)) from error
    wrong = (values != np.rint(values)) | (values < 0) | (values >= count)
    if wrong.any():
        raise Defect(f"{name} holds {values[wrong][0]:g}, expected the number of one of {count} triangles")
    return values.astype(np.int32)

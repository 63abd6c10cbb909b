"""Our colours as the spherical harmonics that files of splats hold, and back.

Our colour is linear in the unit direction d from the camera to the Gaussian, colour + sh @ d. In files it is 0.5 +
C0 f0 + C1 (-y f1 + z f2 - x f3), real harmonics with the signs of Kerbl et al. 2023 (with the Condon-Shortley phase).
The two spaces are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats

C0 = 0.28209479177387814
C1 = 0.4886025119029199


def constant_coefficients(colour: Floats) -> Doubles:
    """The coefficients of degree 0 (N, 3) of colours (N, 3)."""
    return (colour.astype(np.float64) - 0.5) / C0


def colours(constant: NDArray[Any]) -> Floats:
    """The colours (N, 3) of coefficients of degree 0 (N, 3)."""
    return (0.5 + C0 * constant).astype(np.float32)


def linear_coefficients(sh: Floats) -> Doubles:
    """The coefficients of degree 1 (N, 3, 3) [channel, coefficient] of ``sh`` (N, 3, 3) [channel, axis]."""
    x, y, z = np.moveaxis(sh.astype(np.float64) / C1, 2, 0)
    return np.stack([-y, z, -x], axis=-1)


def linear_terms(linear: NDArray[Any]) -> Floats:
    """The inverse of ``linear_coefficients``: (N, 3, 3) [channel, axis]."""
    f1, f2, f3 = np.moveaxis(linear, 2, 0)
    return (np.stack([-f3, -f1, f2], axis=-1) * C1).astype(np.float32)

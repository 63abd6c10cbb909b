"""A compact model of which expressions go together: probabilistic PCA of brows, cheeks, jaw, mouth and nose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from splatavatar.array_types import Doubles, Longs
from splatavatar.rig.arkit import NAMES

TOGETHER: Longs = np.array([i for i, name in enumerate(NAMES) if not name.startswith("eye") and name != "tongueOut"])
"""(37) the modelled coefficients. Blinks, glances and the tongue are rare and large: in a range-of-motion take jawOpen
is beyond 0.2 in one frame of 4, tongueOut in one of 50. A variance says little of such events, their range says it.
"""

PRIOR = 0.1
"""Standard deviation that a coefficient is given beside what the footage shows of it, so that one never seen can move.
In five tracked clips, a capture, a range-of-motion take and a made signal, the second half lay from the mean of the
first by the deviation of the first and, in squares, another 0.03 to 0.18, the middle 0.1.
"""
# In the same data 3 to 10 directions deviate by more than PRIOR; the others are noise.
COMPONENTS = 12


@dataclass(frozen=True)
class Combinations:
    """A normal distribution of the coefficients of ``TOGETHER``."""

    mean: Doubles
    """(37)"""
    components: Doubles
    """(K, 37) orthonormal rows"""
    component_deviation: Doubles
    """(K) standard deviation along each component, not less than ``residual``"""
    residual: float
    """standard deviation in all other directions"""

    @classmethod
    def of(cls, fitted: Doubles) -> Combinations:
        """The model of frames (T, 37), the prior included, so that it exists for any T from 1."""
        mean = fitted.mean(0)
        off = fitted - mean
        variances, directions = np.linalg.eigh(off.T @ off / len(off) + PRIOR**2 * np.eye(len(mean)))
        first = len(mean) - min(COMPONENTS, len(off) - 1)
        return cls(
            mean=mean,
            components=directions[:, first:].T[::-1],
            component_deviation=np.sqrt(variances[first:][::-1]),
            residual=float(np.sqrt(variances[:first].mean())),
        )

    def distance(self, together: ArrayLike) -> Doubles:
        """The Mahalanobis distances (...) of (..., 37) from the mean, in standard deviations."""
        off = np.asarray(together, np.float64) - self.mean
        along = off @ self.components.T
        rest = off - along @ self.components
        squared = ((along / self.component_deviation) ** 2).sum(-1) + (rest**2).sum(-1) / self.residual**2
        return np.asarray(np.sqrt(squared))

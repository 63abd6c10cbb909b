"""Keeps a drive near what an avatar has learnt: softly, and without touching what it has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.combinations import TOGETHER
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.rig.arkit import INDEX

DEFAULT_LIMIT = 3.0
"""standard deviations; lets a coefficient that the footage never moved go to 0.3"""

# Eyes close in every drive, and lids that stop half-way look worse than any lid. Tracked clips hardly show it: of five
# clips, the widest blinks reached 0.15, 0.4, 0.5, 0.5 and 0.6.
FREE = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


class ExpressionLimit:
    """Maps ARKit coefficients to those that an avatar can show.

    First each coefficient alone: beyond the range that was seen it goes on ever more slowly, by ``limit`` of its
    standard deviations at most. Then the combination of brows, cheeks, jaw, mouth and nose: further from the mean than
    anything seen was, it is drawn towards the mean, to end at most ``limit`` standard deviations (Mahalanobis) further
    than that. What was seen stays as it is. Both steps are continuous and monotone, the first in every coefficient, the
    second along every ray from the mean.
    """

    def __init__(self, calibration: Calibration, limit: float = DEFAULT_LIMIT) -> None:
        """``limit`` of 0 holds to what was seen. Raises SettingsError for a negative one or one that is not finite."""
        if not (np.isfinite(limit) and limit >= 0):
            raise SettingsError(f"the expression limit must be a number of standard deviations from 0, got {limit:g}")
        self._limit = float(limit)
        self._low, self._high = calibration.low.copy(), calibration.high.copy()
        self._low[FREE], self._high[FREE] = 0.0, 1.0
        self._room = self._limit * calibration.deviation
        self._slope = 1 / np.maximum(self._room, 1e-9)
        model = calibration.combinations
        self._mean, self._reach = model.mean, calibration.reach
        inverse = 1 / model.residual
        # The rows whose dot products with an offset from the mean sum, squared, to its squared distance but for the
        # part that the residual takes alike in all directions: w^2 = r^-2 - s^-2, not negative as s >= r.
        self._inverse = inverse
        self._taken = model.components * np.sqrt(inverse**2 - model.component_deviation**-2.0)[:, None]

    def __call__(self, arkit: Floats) -> Floats:
        """(52) float32 of what to show for coefficients (52); in [0, 1] if they are."""
        shown = self.within_range(arkit.astype(np.float64))
        shown[TOGETHER] = self.within_distance(shown[TOGETHER])
        return shown.astype(np.float32)

    def within_range(self, arkit: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coefficients (52) with each softly held to its own range."""
        near = np.minimum(np.maximum(arkit, self._low), self._high)
        beyond = arkit - near
        return np.asarray(near + self._room * np.tanh(beyond * self._slope)) if beyond.any() else near

    def within_distance(self, together: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coefficients (37) of ``TOGETHER``, softly held to the distance from the mean that was seen."""
        off = together - self._mean
        along = self._taken @ off
        # Components that a file has rounded are not quite orthonormal, and may take more than there is.
        distance = max(float(self._inverse**2 * (off @ off) - along @ along), 0.0) ** 0.5
        beyond = distance - self._reach
        if beyond <= 0:
            return together
        held = self._reach + (self._limit * np.tanh(beyond / self._limit) if self._limit else 0.0)
        return np.asarray(self._mean + off * (held / distance))


def expression_limit(avatar: Avatar, limit: float | None) -> ExpressionLimit | None:
    """The limit of an avatar; None when ``limit`` is None or the avatar has no calibration.

    Raises AvatarFileError for a calibration that is none; loading an avatar has checked it.
    """
    if limit is None or "calibration" not in avatar.metadata:
        return None
    try:
        calibration = Calibration.from_json(avatar.metadata["calibration"])
    except Defect as defect:
        raise AvatarFileError(f"the expressions of the avatar cannot be limited: {defect}") from defect
    return ExpressionLimit(calibration, limit)

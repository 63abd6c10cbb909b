"""Takes the jitter out of a face signal: One-Euro filters, tuned for what moves on a face."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import Doubles, Longs
from splatavatar.drive.face.channels import starting_with
from splatavatar.drive.face.vector import EYES_TURN, PLACE, SIZE, TURN, from_vector, to_vector
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES

LONGEST_STEP = 0.5
"""seconds without a signal after which the filter starts anew"""


@dataclass(frozen=True)
class OneEuro:
    """Parameters of one filter, after Casiez, Roussel and Vogel, "1 Euro Filter" (CHI 2012).

    A low-pass filter of the first order whose cutoff rises with the speed of the value, so that rest is calm and
    movement is not late: ``cutoff = min_cutoff + beta * |speed|``.
    """

    min_cutoff: float
    """Hz, at rest: lower is calmer"""
    beta: float
    """Hz per unit a second: higher is earlier"""
    derivative_cutoff: float
    """Hz, of the filter of the speed itself: higher notices a start sooner, and takes more jitter for movement"""


@dataclass(frozen=True)
class FilterSettings:
    """A filter for each kind of movement. Units of speed: coefficients, radians or metres a second.

    Chosen on the signals of five clips. In the stretches at rest they leave a median of 0.2 (brows) to 0.5 (gaze) of
    the second differences; movements come 0.03 (blinks) to 0.25 (head) frames late, by cross-correlation.
    """

    blinks: OneEuro = OneEuro(0.6, 5.0, 10.0)
    """eyeBlink: shut in two frames of a camera"""
    plosives: OneEuro = OneEuro(0.6, 8.0, 12.0)
    """jawOpen, mouthClose, mouthPress, mouthRoll: lips that meet for p, b and m do so for two or three frames"""
    mouth: OneEuro = OneEuro(0.8, 5.0, 8.0)
    """the rest of jaw, mouth, cheeks and tongue"""
    lids: OneEuro = OneEuro(0.8, 4.0, 6.0)
    """eyeSquint, eyeWide, cheekSquint"""
    brows: OneEuro = OneEuro(0.8, 4.0, 6.0)
    """brows and nose"""
    look: OneEuro = OneEuro(0.8, 5.0, 8.0)
    """eyeLook: saccades take one frame"""
    gaze: OneEuro = OneEuro(0.6, 8.0, 8.0)
    head_rotation: OneEuro = OneEuro(0.4, 10.0, 3.0)
    head_translation: OneEuro = OneEuro(0.4, 80.0, 3.0)


GROUPS: dict[str, Longs] = {
    "blinks": starting_with("eyeBlink"),
    "plosives": starting_with("jawOpen", "mouthClose", "mouthPress", "mouthRoll"),
    "lids": starting_with("eyeSquint", "eyeWide", "cheekSquint"),
    "brows": starting_with("brow", "nose"),
    "look": starting_with("eyeLook"),
}
GROUPS["mouth"] = np.setdiff1d(np.arange(len(NAMES)), np.concatenate(list(GROUPS.values())))
"""indices of the coefficients of each group"""

WHERE: dict[str, Longs | slice] = {
    **GROUPS,
    **{"head_rotation": TURN, "head_translation": PLACE, "gaze": EYES_TURN},
}
"""of each group among the values of a signal"""
TOGETHER = np.arange(SIZE)
"""which vector each value is part of: the values of one share a speed, so that its direction is kept"""
TOGETHER[TURN], TOGETHER[PLACE] = TURN.start, PLACE.start
TOGETHER[EYES_TURN] = EYES_TURN.start + np.array([0, 0, 2, 2])


class FaceFilter:
    """Filters signals, one after the other."""

    def __init__(self, settings: FilterSettings | None = None) -> None:
        settings = settings or FilterSettings()
        parameters = np.zeros((3, SIZE))
        for name, where in WHERE.items():
            one: OneEuro = getattr(settings, name)
            parameters[:, where] = np.array([one.min_cutoff, one.beta, one.derivative_cutoff])[:, None]
        self._min_cutoff, self._beta, self._derivative_cutoff = parameters
        self._time = np.nan
        self._raw = np.zeros(SIZE)
        self._speed = np.zeros(SIZE)
        self._value = np.zeros(SIZE)
        self._looked = False

    def __call__(self, signal: FaceSignal, now: float | None = None) -> FaceSignal:
        """``signal`` without jitter, as of ``now`` seconds (its own time where None: say it when the same signal comes
        several times). A value that is no number is the last good one. A clock that goes back, or a gap, starts anew;
        a time that stands leaves what there was.
        """
        time = signal.time if now is None else now
        values = to_vector(signal)
        values = np.where(np.isfinite(values), values, self._raw)
        looks = bool(values[EYES_TURN].any())
        step = time - self._time
        if not 0 <= step <= LONGEST_STEP:
            self._speed[:] = 0.0
            self._raw, self._value = values, values.copy()
        elif step > 0:
            if looks and not self._looked:
                # No gaze was measured before: there is nothing to come from.
                self._raw[EYES_TURN] = self._value[EYES_TURN] = values[EYES_TURN]
            self._advance(values, step)
        if np.isfinite(time):
            self._time = time
        self._looked = looks
        filtered = from_vector(self._value, signal.time, signal.confidence)
        return filtered if looks else replace(filtered, gaze=np.zeros((2, 2), np.float32))

    def _advance(self, values: Doubles, step: float) -> None:
        self._speed += _share(self._derivative_cutoff, step) * ((values - self._raw) / step - self._speed)
        squares = np.bincount(TOGETHER, self._speed**2, SIZE)
        cutoff = self._min_cutoff + self._beta * np.sqrt(squares[TOGETHER])
        self._value += _share(cutoff, step) * (values - self._value)
        self._raw = values


def _share(cutoff: Doubles, step: float) -> Doubles:
    """Of the way to the new value that a filter of ``cutoff`` Hz goes in ``step`` seconds."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * step)))

"""What an avatar has learnt of a face: its rest, how far each coefficient went, and what went together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from splatavatar.array_types import Doubles
from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.combinations import PRIOR, TOGETHER, Combinations
from splatavatar.errors import CaptureError, RigError
from splatavatar.printable import printable
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import yaw_pitch_roll

VERSION = 1

# Eyes look everywhere in a drive; someone who looks into the lens shows no glances. A gaze never seen gets little more
# than half-way at the default limit.
EYE_PRIOR = 0.2
# Parts left out in turn to find how far a face goes from what it has shown, and the share of frames within that
# distance: of 0.9, as a whole new expression in one part is what the limit is for.
PARTS, WITHIN = 4, 0.9
# The calmest frames, in which the face rests, and the fewest there are. Their median was 0.01 (root mean square) from
# the face that a range-of-motion take begins with, the mean of the take 0.08; of 32 unrelated expressions it is the
# neutral face to the last digit.
CALM, FEWEST = 0.25, 5
# A coefficient that spans less in the whole footage has not moved: faces at rest jitter by 0.02 to 0.07 (one standard
# deviation) when tracked.
MOVED = 0.2
DECIMALS = 4


@dataclass(frozen=True)
class Calibration:
    """Statistics of the expressions that an avatar was baked from, ARKit coefficients in ``arkit.NAMES`` order."""

    frames: int
    neutral: Doubles
    """(52) of the face at rest"""
    low: Doubles
    """(52) robust minimum"""
    high: Doubles
    """(52) robust maximum"""
    deviation: Doubles
    """(52) standard deviation, the prior included"""
    combinations: Combinations
    reach: float
    """the distance from the mean of ``combinations`` that belongs to the face, in standard deviations"""
    head: Doubles
    """(3, 2) robust minimum and maximum of the head's yaw, pitch and roll, radians, signs as in the face signal"""

    def distance(self, expression: ArrayLike) -> Doubles:
        """The Mahalanobis distances (...) of expressions (..., 52) from the mean, in standard deviations."""
        return self.combinations.distance(np.asarray(expression)[..., TOGETHER])

    def still(self) -> list[str]:
        """The coefficients that never moved."""
        return [name for name, span in zip(NAMES, self.high - self.low, strict=True) if span < MOVED]

    def to_json(self) -> dict[str, Any]:
        """JSON types, some 5 kB as text, numbers rounded to 4 decimals."""
        model = self.combinations
        return {
            "version": VERSION,
            "frames": self.frames,
            "neutral": _rounded(self.neutral),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "deviation": _rounded(self.deviation),
            "mean": _rounded(model.mean),
            "components": _rounded(model.components),
            "component_deviation": _rounded(model.component_deviation),
            "residual": _rounded(model.residual),
            "reach": _rounded(self.reach),
            "head": _rounded(self.head),
        }

    @classmethod
    def from_json(cls, value: Any) -> Calibration:
        """The calibration of a file that nobody vouches for. Raises Defect unless it is one in every number."""
        if not isinstance(value, dict):
            raise Defect("its calibration is not a table")
        if value.get("version") != VERSION or isinstance(value["version"], bool):
            raise Defect(f"its calibration has the version {_short(value.get('version'))}, expected {VERSION}")
        frames = value.get("frames")
        if type(frames) is not int or not 1 <= frames <= 10**9:
            raise Defect(f"its calibration was made of {_short(frames)} frames, expected a count")
        count, modelled = len(NAMES), len(TOGETHER)
        components = value.get("components")
        K = len(components) if isinstance(components, list) else 0
        if modelled < K:
            raise Defect(f"its calibration has {K} components, expected up to {modelled}")
        calibration = cls(
            frames=frames,
            neutral=_numbers(value, "neutral", (count,), 0, 1),
            low=_numbers(value, "low", (count,), 0, 1),
            high=_numbers(value, "high", (count,), 0, 1),
            deviation=_numbers(value, "deviation", (count,), 1e-3, 10),
            combinations=Combinations(
                mean=_numbers(value, "mean", (modelled,), 0, 1),
                components=_numbers(value, "components", (K, modelled), -1.001, 1.001),
                component_deviation=_numbers(value, "component_deviation", (K,), 1e-3, 10),
                residual=float(_numbers(value, "residual", (), 1e-3, 10)),
            ),
            reach=float(_numbers(value, "reach", (), 0, 1e4)),
            head=_numbers(value, "head", (3, 2), -7, 7),
        )
        calibration._check()
        return calibration

    def _check(self) -> None:
        if (self.low > self.high).any() or (self.head[:, 0] > self.head[:, 1]).any():
            raise Defect("a range of its calibration ends before it begins")
        model = self.combinations
        if (model.component_deviation < model.residual).any():
            raise Defect("a component of its calibration deviates less than the residual")
        # Rows rounded to 4 decimals are orthonormal to 1e-3.
        if np.abs(model.components @ model.components.T - np.eye(len(model.components))).max(initial=0) > 5e-3:
            raise Defect("the components of its calibration are not orthonormal")


def measure(expression: ArrayLike, head_rotation: ArrayLike, names: Sequence[str]) -> Calibration:
    """The calibration of T frames of one person.

    Args:
        expression: (T, E) coefficients; values outside [0, 1] are clipped.
        head_rotation: (T, 3) axis-angle of the head, radians, rig axes.
        names: (E) the ARKit names of the columns, in any order; columns of other names are left out, coefficients
            without a column count as 0.

    Frames are in order of time. Those with a number that is not finite are left out.

    Raises:
        CaptureError: no frame is left, or the shapes do not fit.
        RigError: no column has an ARKit name.
    """
    given, turned = np.asarray(expression, np.float64), np.asarray(head_rotation, np.float64)
    if given.ndim != 2 or given.shape[1] != len(names) or turned.shape != (len(given), 3):
        raise CaptureError(
            f"cannot calibrate: expressions of shape {given.shape} and head rotations of shape {turned.shape}, "
            f"expected (T, {len(names)}) and (T, 3)"
        )
    columns = [(column, INDEX[name]) for column, name in enumerate(names) if name in INDEX]
    if not columns:
        raise RigError("cannot calibrate: none of the expressions of the rig is an ARKit coefficient")
    whole = np.isfinite(given).all(1) & np.isfinite(turned).all(1)
    if not whole.any():
        raise CaptureError(f"cannot calibrate: none of the {len(given)} frames has an expression")
    seen = np.zeros((int(whole.sum()), len(NAMES)))
    sources, targets = np.array(columns).T
    seen[:, targets] = np.clip(given[whole][:, sources], 0, 1)
    low, high = _robust_range(seen)
    prior = np.full(len(NAMES), EYE_PRIOR)
    prior[TOGETHER] = PRIOR
    model = Combinations.of(seen[:, TOGETHER])
    return Calibration(
        frames=len(seen),
        neutral=rest_face(seen),
        low=low,
        high=high,
        deviation=np.sqrt(seen.var(0) + prior**2),
        combinations=model,
        reach=_reach(seen[:, TOGETHER], model),
        head=np.stack(_robust_range(yaw_pitch_roll(turned[whole])), 1),
    )


def rest_face(seen: Doubles) -> Doubles:
    """The coefficients (52) of the face at rest, from frames (T, 52): the median of the calmest quarter.

    The mean is no rest: it holds a share of every word. Calm is a small sum of coefficients, those of the eyes apart.
    """
    count = max(FEWEST, round(CALM * len(seen)))
    calm = np.argsort(seen[:, TOGETHER].sum(1), kind="stable")[:count]
    return np.asarray(np.median(seen[calm], axis=0))


def _reach(fitted: Doubles, model: Combinations) -> float:
    """The distance that belongs to the face: where it went, and where it goes from what the rest of the footage shows.

    A model of few frames lies close around them: the frames of a 9 s clip are within 4.4 deviations of their mean, yet
    a tenth of them is beyond 7.9 from what the three quarters of the clip without them show.
    """
    (seen,) = _robust_range(model.distance(fitted)[:, None])[1]
    # An expression each of whose coefficients is off by the prior: what one frame alone allows.
    distances = [float(seen), float(np.sqrt(len(TOGETHER)))]
    if len(fitted) >= PARTS:
        part = np.arange(len(fitted)) * PARTS // len(fitted)
        new = [Combinations.of(fitted[part != k]).distance(fitted[part == k]) for k in range(PARTS)]
        distances.append(float(np.quantile(np.concatenate(new), WITHIN)))
    return max(distances)


def _robust_range(values: Doubles) -> tuple[Doubles, Doubles]:
    """Minimum and maximum of each column of (T, N) but for up to two frames at either end.

    An event such as a blink lasts three frames, however long the footage; a percentile of a long clip would lose it. A
    tracker's slip lasts one or two. Of fewer than 100 frames each may be the only one of its expression.
    """
    spare = min(len(values) // 100, 2)
    ordered = np.sort(values, axis=0)
    return ordered[spare], ordered[len(values) - 1 - spare]


def _short(value: Any) -> str:
    return printable(str(value)[:20])


def _rounded(values: ArrayLike) -> Any:
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()


def _numbers(table: dict[str, Any], name: str, shape: tuple[int, ...], least: float, most: float) -> Doubles:
    """The array ``name``. Raises Defect unless it has ``shape`` and all its numbers are from ``least`` to ``most``."""
    values = table.get(name)
    if not _nested(values, shape):
        expected = " x ".join(map(str, shape)) + " numbers" if shape else "a number"
        raise Defect(f"{name} of its calibration is not {expected}")
    array = np.array(values, np.float64).reshape(shape)
    if not ((array >= least) & (array <= most)).all():
        raise Defect(f"{name} of its calibration holds a number outside {least:g} to {most:g}")
    return array


def _nested(value: Any, shape: tuple[int, ...]) -> bool:
    # bool is an int to Python, not to JSON; an int too long for a float is no coefficient.
    if not shape:
        return type(value) is float or (type(value) is int and abs(value) < 2**53)
    return isinstance(value, list) and len(value) == shape[0] and all(_nested(item, shape[1:]) for item in value)

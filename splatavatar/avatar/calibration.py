"""What an avatar has learnt of a face: its rest, how far each coefficient went, and what went together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splatavatar.avatar.defect import Defect
from splatavatar.errors import CaptureError, RigError
from splatavatar.rig.arkit import INDEX, NAMES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERSION = 1

TOGETHER: Ints = np.array([i for i, name in enumerate(NAMES) if not name.startswith("eye") and name != "tongueOut"])
"""the coefficients whose combinations are modelled: brows, cheeks, jaw, mouth and nose. Blinks, glances and the tongue
are rare and large: in a range-of-motion take jawOpen moves in 1 frame of 3, tongueOut in 1 of 40. A variance says
nothing about such events, their range does.
"""

# Standard deviation that a coefficient is given where the footage shows none, added to what it shows. The two halves of
# a talking clip of 9 s differ by that much: the coefficients of the second half lie a root mean square of 0.08 to 0.13
# from the mean of the first in clips where the first half moves them by 0.03 to 0.10.
PRIOR = 0.1
# Eyes look everywhere in a drive; a clip of a person who looks into the lens has no glances. 0.25 lets a gaze that was
# never seen get half-way at the default limit.
EYE_PRIOR = 0.25
# Components kept: those of a 9 s talking clip fall below PRIOR after 8 to 11.
COMPONENTS = 12
# The share of calm frames that the rest face is sought in, and how few and how many they may be.
CALM, FEWEST, MOST = 0.25, 5, 1000
# A coefficient that spans less than this in the whole footage has not moved: tracked faces at rest jitter by 0.05.
MOVED = 0.1
DECIMALS = 4


@dataclass(frozen=True)
class Calibration:
    """Statistics of the expressions that an avatar was baked from, ARKit coefficients in ``arkit.NAMES`` order.

    An expression e lies sqrt(sum_k (c_k . d)^2 / s_k^2 + |d - C^T C d|^2 / r^2) standard deviations from the mean, with
    d = e[TOGETHER] - mean, the orthonormal components C, their deviations s and the residual deviation r.
    """

    frames: int
    neutral: Floats
    """(52) of the face at rest"""
    low: Floats
    """(52) robust minimum"""
    high: Floats
    """(52) robust maximum"""
    deviation: Floats
    """(52) standard deviation, the prior included"""
    mean: Floats
    """(38) of ``TOGETHER``"""
    components: Floats
    """(K, 38) orthonormal rows"""
    component_deviation: Floats
    """(K) standard deviation along each component, not less than ``residual``"""
    residual: float
    """standard deviation in all other directions"""
    reach: float
    """the distance from the mean that the expressions seen went to, in standard deviations"""
    head: Floats
    """(3, 2) robust minimum and maximum of the head's yaw, pitch and roll, radians, signs as in the face signal"""

    def distance(self, expression: ArrayLike) -> Floats:
        """(...) Mahalanobis distances of expressions (..., 52) from the mean, in standard deviations."""
        off = np.asarray(expression, np.float64)[..., TOGETHER] - self.mean
        along = off @ self.components.T
        rest = off - along @ self.components
        squared = ((along / self.component_deviation) ** 2).sum(-1) + (rest**2).sum(-1) / self.residual**2
        return np.asarray(np.sqrt(squared))

    def still(self) -> list[str]:
        """The coefficients that never moved."""
        return [name for name, span in zip(NAMES, self.high - self.low, strict=True) if span < MOVED]

    def to_json(self) -> dict[str, Any]:
        """JSON types, some 5 kB as text, numbers rounded to 4 decimals."""
        arrays = {name: np.round(getattr(self, name), DECIMALS).tolist() for name in _ARRAYS}
        numbers = {"residual": round(self.residual, DECIMALS), "reach": round(self.reach, DECIMALS)}
        return {"version": VERSION, "frames": self.frames, **arrays, **numbers}

    @classmethod
    def from_json(cls, value: Any) -> Calibration:
        """The calibration of a file that nobody vouches for. Raises Defect unless it is one in every number."""
        if not isinstance(value, dict):
            raise Defect("its calibration is not a table")
        if value.get("version") != VERSION or isinstance(value["version"], bool):
            raise Defect(f"its calibration has the version {str(value.get('version'))[:20]}, expected {VERSION}")
        frames = value.get("frames")
        if type(frames) is not int or not 1 <= frames <= 10**9:
            raise Defect(f"its calibration was made of {str(frames)[:20]} frames, expected a count")
        count, modelled = len(NAMES), len(TOGETHER)
        components = value.get("components")
        K = len(components) if isinstance(components, list) else 0
        if K > modelled:
            raise Defect(f"its calibration has {K} components, expected up to {modelled}")
        calibration = cls(
            frames=frames,
            neutral=_numbers(value, "neutral", (count,), 0, 1),
            low=_numbers(value, "low", (count,), 0, 1),
            high=_numbers(value, "high", (count,), 0, 1),
            deviation=_numbers(value, "deviation", (count,), 1e-3, 10),
            mean=_numbers(value, "mean", (modelled,), 0, 1),
            components=_numbers(value, "components", (K, modelled), -1.001, 1.001),
            component_deviation=_numbers(value, "component_deviation", (K,), 1e-3, 10),
            residual=float(_numbers(value, "residual", (), 1e-3, 10)),
            reach=float(_numbers(value, "reach", (), 0, 1e4)),
            head=_numbers(value, "head", (3, 2), -7, 7),
        )
        calibration._check()
        return calibration

    def _check(self) -> None:
        if (self.low > self.high).any() or (self.head[:, 0] > self.head[:, 1]).any():
            raise Defect("a range of its calibration ends before it begins")
        if (self.component_deviation < self.residual).any():
            raise Defect("a component of its calibration deviates less than the residual")
        # Rows rounded to 4 decimals are orthonormal to 1e-3.
        if np.abs(self.components @ self.components.T - np.eye(len(self.components))).max(initial=0) > 5e-3:
            raise Defect("the components of its calibration are not orthonormal")


_ARRAYS = ("neutral", "low", "high", "deviation", "mean", "components", "component_deviation", "head")


def measure(expression: ArrayLike, head_rotation: ArrayLike, names: Sequence[str]) -> Calibration:
    """The calibration of T frames of one person.

    Args:
        expression: (T, E) coefficients; values outside [0, 1] are clipped.
        head_rotation: (T, 3) axis-angle of the head, radians, rig axes.
        names: (E) the ARKit names of the columns, in any order; columns of other names are left out, coefficients
            without a column count as 0.

    The order of the frames does not matter. Frames with a number that is not finite are left out.

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
    fitted = seen[:, TOGETHER]
    mean = fitted.mean(0)
    off = fitted - mean
    # Ascending eigenvalues; the prior makes them positive whatever the number of frames.
    variances, directions = np.linalg.eigh(off.T @ off / len(off) + PRIOR**2 * np.eye(len(TOGETHER)))
    components = min(COMPONENTS, len(off) - 1)
    first = len(variances) - components
    calibration = Calibration(
        frames=len(seen),
        neutral=rest_face(seen),
        low=low,
        high=high,
        deviation=np.sqrt(seen.var(0) + prior**2),
        mean=mean,
        components=directions[:, first:].T[::-1],
        component_deviation=np.sqrt(variances[first:][::-1]),
        residual=float(np.sqrt(variances[:first].mean())),
        reach=0.0,
        head=np.stack(_robust_range(yaw_pitch_roll(turned[whole])), 1),
    )
    (furthest,) = _robust_range(calibration.distance(seen)[:, None])[1]
    return replace(calibration, reach=float(furthest))


def rest_face(seen: Floats) -> Floats:
    """(52) coefficients of the face at rest, from frames (T, 52).

    The mean is no rest: it holds a share of every word. The rest is where the calmest frames crowd: of the quarter with
    the smallest coefficients (eyes apart), the median of the half nearest to the frame that is nearest to its
    neighbours.
    """
    activity = seen[:, TOGETHER].sum(1)
    count = min(len(seen), max(FEWEST, round(CALM * len(seen))))
    calm = seen[np.argsort(activity, kind="stable")[: count : 1 + count // MOST]]
    face = calm[:, TOGETHER]
    squares = (face**2).sum(1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * face @ face.T, 0))
    half = (len(calm) + 1) // 2
    crowded = int(np.argmin(np.sort(apart, axis=1)[:, :half].sum(1)))
    return np.asarray(np.median(calm[np.argsort(apart[crowded], kind="stable")[:half]], axis=0))


def yaw_pitch_roll(axis_angle: ArrayLike) -> Floats:
    """(T, 3) angles of R = R_y(yaw) R_x(pitch) R_z(roll), radians, from axis-angle (T, 3)."""
    vector = np.asarray(axis_angle, np.float64)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    w = np.cos(angle / 2)[..., 0]
    x, y, z = np.moveaxis(vector * np.sinc(angle / (2 * np.pi)) / 2, -1, 0)
    yaw = np.arctan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))
    pitch = np.arcsin(np.clip(2 * (w * x - y * z), -1, 1))
    roll = np.arctan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z))
    return np.stack([yaw, pitch, roll], -1)


def _robust_range(values: Floats) -> tuple[Floats, Floats]:
    """Minimum and maximum of each column of (T, N) but for up to two frames at either end.

    An event such as a blink lasts three frames, however long the footage; a percentile of a long clip would lose it. A
    tracker's slip lasts one or two. Of fewer than 100 frames each may be the only one of its expression.
    """
    spare = min(len(values) // 100, 2)
    ordered = np.sort(values, axis=0)
    return ordered[spare], ordered[len(values) - 1 - spare]


def _numbers(table: dict[str, Any], name: str, shape: tuple[int, ...], least: float, most: float) -> Floats:
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

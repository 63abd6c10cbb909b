"""How the person of an avatar looks to a landmark detector, and what their face does when it looks like that.

Learnt by a bake from its own pictures: there the expression and the turn of the head are known better than any detector
says them. A drive uses it where the face before the camera is that person's. Features are those of
``capture.faces.face_shape``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles, Ints
from splatavatar.avatar.avatar import Defect
from splatavatar.printable import printable
from splatavatar.rig.arkit import NAMES

VERSION = 1
LANDMARKS, BONES = 478, 60
FEATURES = 2 * LANDMARKS + len(NAMES) + 3
OUTPUTS = len(NAMES) + 3
"""coefficients, and the turn by which the head is put right"""
MOST_COMPONENTS, MOST_HABITS = 64, 32
LARGEST = 1e4
"""of any number: far above what a face comes to"""
NOISE = 0.05
"""standard deviation of a feature beside what the clip shows of it"""
BONE_NOISE = 0.01
"""eye spans that the mean of a second may lie off the shape of the same person in any direction"""
GIVE = 3.0
"""times ``reach`` at which a face is so unlike what was seen that nothing of it is believed"""


@dataclass(frozen=True)
class Likeness:
    """A linear map from K components of the features of a frame, and what says where it holds."""

    shape: Doubles
    """(478, 3) mean landmarks, eye spans, in rig axes: as the detector sees this person"""
    bone_axes: Doubles
    """(H, 180) orthonormal directions in which the landmarks on bone vary with turn and expression"""
    bone_deviation: Doubles
    """(H) eye spans along them"""
    mean: Doubles
    """(F) of the features"""
    basis: Doubles
    """(K, F) principal components, about orthonormal"""
    deviation: Doubles
    """(K) along them"""
    weights: Doubles
    """(55, K)"""
    bias: Doubles
    """(55)"""
    low: Doubles
    """(55) least that was seen: coefficients, and radians by which the turn is put right"""
    high: Doubles
    """(55) most"""
    usual_low: Doubles
    """(52) least of the coefficients that ``LandmarkSignal`` found in the same frames"""
    usual_high: Doubles
    """(52) most"""
    reach: float
    """distance from the mean, in standard deviations, that new frames of the clip had from the others"""

    def strangeness(self, bones: Doubles) -> float:
        """How far a face is from being this person's: 0.1 to 0.4 for their own, more for others.

        ``bones`` (60, 3) is the mean over about a second of ``AlignedFaces.bones``.
        """
        off = bones.ravel()
        along = self.bone_axes @ off
        rest = max(float(off @ off - along @ along), 0.0)
        squared = float((along**2 / (self.bone_deviation**2 + BONE_NOISE**2)).sum()) + rest / BONE_NOISE**2
        return float(np.sqrt(squared / len(off)))

    def familiar(self, features: Doubles) -> float:
        """How far to believe the map at features (F): 1 within ``reach``, 0 from ``GIVE`` times that on, smooth."""
        off = (features - self.mean)[None]
        beyond = float(feature_distance(off, self.basis, self.deviation)[0]) / self.reach - 1
        left = min(max(1 - beyond / (GIVE - 1), 0.0), 1.0)
        return left * left * (3 - 2 * left)

    def shown(self, features: Doubles) -> tuple[Doubles, Doubles]:
        """The coefficients (52) and the turn (3), axis-angle in rig axes, that puts the head right; as far as seen."""
        values = np.clip(self.weights @ (self.basis @ (features - self.mean)) + self.bias, self.low, self.high)
        return values[: len(NAMES)], values[len(NAMES) :]

    def to_json(self) -> dict[str, Any]:
        """JSON types, some 65 kB as text: half precision, the basis as bytes, in base64."""
        scale = np.abs(self.basis).max(1) / 127
        table: dict[str, Any] = {
            name: _halves(getattr(self, name))
            for name in vars(self)
            if name not in ("basis", "reach")  # the largest, and a number
        }
        steps: Ints = np.rint(self.basis / np.maximum(scale, 1e-30)[:, None]).astype(np.int32)
        table["basis"] = _text(steps.astype(np.int8))
        table["basis_scale"] = _halves(scale)
        return {"version": VERSION, **table, "reach": round(self.reach, 4)}

    @classmethod
    def from_json(cls, value: Any) -> Likeness:
        """The likeness of a file that nobody vouches for. Raises Defect unless it is one in every number."""
        if not isinstance(value, dict):
            raise Defect("its likeness is not a table")
        if value.get("version") != VERSION or isinstance(value["version"], bool):
            shown = printable(str(value.get("version"))[:20])
            raise Defect(f"its likeness has the version {shown}, expected {VERSION}")
        components, habits = _count(value, "deviation", MOST_COMPONENTS), _count(value, "bone_deviation", MOST_HABITS)
        reach = value.get("reach")
        if not isinstance(reach, int | float) or isinstance(reach, bool) or not 1e-3 <= reach <= LARGEST:
            raise Defect(f"reach of its likeness is not a number from 0.001 to {LARGEST:g}")
        steps = np.frombuffer(_bytes(value, "basis", components * FEATURES), np.int8).reshape(components, FEATURES)
        likeness = cls(
            shape=_array(value, "shape", (LANDMARKS, 3)),
            bone_axes=_array(value, "bone_axes", (habits, 3 * BONES)),
            bone_deviation=_array(value, "bone_deviation", (habits,)),
            mean=_array(value, "mean", (FEATURES,)),
            basis=steps * _array(value, "basis_scale", (components,))[:, None],
            deviation=_array(value, "deviation", (components,)),
            weights=_array(value, "weights", (OUTPUTS, components)),
            bias=_array(value, "bias", (OUTPUTS,)),
            low=_array(value, "low", (OUTPUTS,)),
            high=_array(value, "high", (OUTPUTS,)),
            usual_low=_array(value, "usual_low", (len(NAMES),)),
            usual_high=_array(value, "usual_high", (len(NAMES),)),
            reach=float(reach),
        )
        if (likeness.low > likeness.high).any() or (likeness.usual_low > likeness.usual_high).any():
            raise Defect("a range of its likeness ends before it begins")
        return likeness


def feature_distance(off: Doubles, basis: Doubles, deviation: Doubles) -> Doubles:
    """The distances (N) of features (N, F) from the mean that they are ``off``, in standard deviations.

    ``deviation`` (K) is along the rows of ``basis`` (K, F). All that lies beside these counts as one more direction.
    """
    along = off @ basis.T
    rest = np.maximum((off**2).sum(1) - (along**2).sum(1), 0.0)
    squared = (along**2 / (deviation**2 + NOISE**2)).sum(1) + rest / (NOISE**2 * FEATURES)
    return np.asarray(np.sqrt(squared / (len(basis) + 1)))


def _halves(values: Doubles) -> str:
    return _text(values.astype("<f2"))


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _bytes(table: dict[str, Any], name: str, size: int | None) -> bytes:
    """The bytes of ``name``, ``size`` of them. Raises Defect."""
    text = table.get(name)
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        content = None
    if content is None or (size is not None and len(content) != size):
        raise Defect(f"{name} of its likeness is not {'base64' if size is None else f'{size} bytes'} as text")
    return content


def _count(table: dict[str, Any], name: str, most: int) -> int:
    """How many numbers ``name`` has. Raises Defect unless they are 1 to ``most``."""
    count, odd = divmod(len(_bytes(table, name, None)), 2)
    if odd or not 1 <= count <= most:
        raise Defect(f"{name} of its likeness is not 1 to {most} numbers")
    return count


def _array(table: dict[str, Any], name: str, shape: tuple[int, ...]) -> Doubles:
    """The numbers of ``name``. Raises Defect unless they are as many as ``shape`` says, finite, and not too large."""
    numbers = np.frombuffer(_bytes(table, name, 2 * int(np.prod(shape))), "<f2").astype(np.float64).reshape(shape)
    if not (np.abs(numbers) <= LARGEST).all():
        raise Defect(f"{name} of its likeness holds a number that is not within {LARGEST:g}")
    return numbers

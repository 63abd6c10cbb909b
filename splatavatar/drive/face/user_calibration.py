"""What a face at rest looks like to its source, and how to take it out of the signal."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.channels import starting_with
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.recorded.checked import MOST_TURN, MOST_WAY
from splatavatar.errors import SettingsError, SignalError
from splatavatar.folders import cache_folder
from splatavatar.input import read_json
from splatavatar.kept.private import make_private, private_folder
from splatavatar.output import private_write
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import axis_angles, rotation_matrices

VERSION = 1
SECONDS = 2.0
"""that a user keeps still for"""
FEWEST = 10
"""signals with a face in them"""
MOST_AT_REST = 0.8
"""of a coefficient: more is no rest but a pose, and what is left could not be told from noise"""
LEAST_PEAK = 0.6
"""of the most that a coefficient is taken to reach: what is shown within two seconds is not all that a face can do"""
SHOWN = 0.45
"""above rest, that a coefficient must move to say how far it reaches"""
AS_MEASURED = starting_with("mouthClose", "eyeLook")
"""Not taken out at rest. mouthClose is what keeps lips together that are parted in the template; eyeLook follows the
gaze where one is measured"""


@dataclass(frozen=True)
class UserCalibration:
    """A user before a camera."""

    neutral: Floats
    """(52) the coefficients at rest"""
    peak: Floats
    """(52) the most they reach"""
    head_rotation: Floats
    """(3) axis-angle at rest"""
    head_translation: Floats
    """(3) metres at rest"""
    gaze: Floats
    """(2, 2) radians at rest: the user looks at the screen and not into the camera"""

    def __call__(self, signal: FaceSignal) -> FaceSignal:
        """``signal`` with 0 for rest and 1 for the most, and the head and the gaze from where they rest."""
        scale = (signal.arkit - self.neutral) / (self.peak - self.neutral)
        arkit = np.asarray(np.clip(scale, 0.0, 1.0), np.float32)
        gaze = signal.gaze
        if gaze.any():
            gaze = np.asarray(gaze - self.gaze, np.float32)
            for eye in range(2):
                arkit[LOOK[eye]] = look_coefficients(float(gaze[eye, 0]), float(gaze[eye, 1]), left=eye == 0)
        return replace(
            signal,
            arkit=arkit,
            head_rotation=_turned(self.head_rotation, signal.head_rotation),
            head_translation=signal.head_translation - self.head_translation,
            gaze=gaze,
        )

    def to_json(self) -> dict[str, Any]:
        """The calibration as it is written to a file."""
        return {
            "version": VERSION,
            "neutral": {name: round(float(value), 5) for name, value in zip(NAMES, self.neutral, strict=True)},
            "peak": {name: round(float(value), 5) for name, value in zip(NAMES, self.peak, strict=True)},
            "head_rotation": [round(float(value), 6) for value in self.head_rotation],
            "head_translation": [round(float(value), 6) for value in self.head_translation],
            "gaze": [[round(float(value), 6) for value in eye] for eye in self.gaze],
        }

    @staticmethod
    def from_json(data: Any) -> UserCalibration:
        """Raises ValueError, saying what is wrong."""
        if not isinstance(data, Mapping):
            raise ValueError(f"expected an object, found {type(data).__name__}")
        if data.get("version") != VERSION:
            raise ValueError(f"expected version {VERSION}, found {repr(data.get('version'))[:40]}")
        neutral, peak = _coefficients(data, "neutral"), _coefficients(data, "peak")
        if (neutral < 0).any() or (peak > 1).any() or (peak - neutral < 0.05).any():
            raise ValueError("expected neutral and peak in [0, 1] with every peak above its neutral")
        return UserCalibration(
            neutral,
            peak,
            _numbers(data, "head_rotation", (3,), MOST_TURN),
            _numbers(data, "head_translation", (3,), MOST_WAY),
            _numbers(data, "gaze", (2, 2), MOST_TURN),
        )


def collect(signals: Sequence[FaceSignal]) -> UserCalibration:
    """What ``signals`` of about two seconds, of a user who keeps still, say about rest.

    The median, so that a blink or a glance does not count. A coefficient that the user showed beyond ``SHOWN`` also
    says how far it reaches.

    Raises SignalError where there are too few with a face in them.
    """
    there = [s for s in signals if s.confidence > 0 and np.isfinite(s.arkit).all() and _finite(s)]
    if len(there) < FEWEST:
        raise SignalError(
            f"calibration needs a face in view for two seconds; found one in {len(there)} of {len(signals)} frames, "
            f"expected at least {FEWEST}"
        )
    arkit = np.stack([s.arkit for s in there]).astype(np.float64)
    neutral = np.clip(np.median(arkit, 0), 0.0, MOST_AT_REST)
    neutral[AS_MEASURED] = 0.0
    most = np.quantile(arkit, 0.95, axis=0)
    peak = np.where(most - neutral > SHOWN, np.clip(most, LEAST_PEAK, 1.0), 1.0)
    peak[AS_MEASURED] = 1.0
    rest = [np.median([getattr(s, name) for s in there], 0) for name in ("head_rotation", "head_translation", "gaze")]
    values = [np.asarray(value, np.float32) for value in (neutral, np.maximum(peak, neutral + 0.1), *rest)]
    return UserCalibration(*values)


class Collector:
    """Takes the signals of two seconds as they come."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._signals: list[FaceSignal] = []
        self._first = np.nan
        self._last = np.nan

    def add(self, signal: FaceSignal | None, now: float) -> bool:
        """Take what the source gives at ``now`` seconds (None: nothing); True once the time is over.

        The same signal again, and a clock that goes back, do not count.
        """
        if not np.isfinite(self._first) or now < self._last:
            self._first, self._signals = now, []
        self._last = now
        if signal is not None and not (self._signals and self._signals[-1].time >= signal.time):
            self._signals.append(signal)
        return bool(now - self._first >= self._seconds)

    def result(self) -> UserCalibration:
        """Raises SignalError where too few signals had a face in them."""
        return collect(self._signals)


def calibration_path(user: str, camera: str) -> Path:
    """The path of the calibration of ``user`` before ``camera`` (a name of a source)."""
    # Names may hold what file names may not, and differ in nothing else.
    plain = re.sub(r"[^A-Za-z0-9]+", "-", f"{user}-{camera}").strip("-")[:48]
    digest = hashlib.sha256(f"{user}\0{camera}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return cache_folder() / "calibration" / f"{plain}-{digest}.json"


def read_calibration(path: Path) -> UserCalibration:
    """Raises SettingsError where ``path`` is no calibration."""
    data = read_json(path, SettingsError, "a calibration; calibrate again")
    try:
        return UserCalibration.from_json(data)
    except ValueError as error:
        raise SettingsError(f"{path}: not a calibration, {error}; calibrate again") from error


def stored_calibration(user: str, camera: str) -> UserCalibration | None:
    """The calibration of ``user`` before ``camera``; None where there is none.

    One that cannot be used is left where it is, and said in one line of the log.
    """
    path = calibration_path(user, camera)
    if not os.path.lexists(path):
        return None
    make_private(path.parent)
    try:
        return read_calibration(path)
    except SettingsError as error:
        logging.getLogger("splatavatar").warning("%s", error)
        return None


def store_calibration(calibration: UserCalibration, user: str, camera: str) -> Path:
    """Keep ``calibration`` for the next time; returns where. A file there that is no calibration is kept beside it.

    Raises OutputError where it cannot be written.
    """
    path = calibration_path(user, camera)
    if os.path.lexists(path):
        try:
            read_calibration(path)
        except SettingsError:
            with suppress(OSError):
                os.replace(path, path.with_suffix(".json.bad"))
    private_folder(path.parent)
    data = calibration.to_json() | {"user": user, "camera": camera}
    with private_write(path) as file:
        file.write((json.dumps(data, indent=1) + "\n").encode())
    return path


def _turned(rest: Floats, rotation: Floats) -> Floats:
    """(3) ``rotation`` as seen from a camera that ``rest`` is straight ahead of."""
    if not np.isfinite(rotation).all():
        return rotation
    turn = rotation_matrices(np.stack([rest, rotation]).astype(np.float64))
    return np.asarray(axis_angles(turn[0].T @ turn[1]), np.float32)


def _finite(signal: FaceSignal) -> bool:
    return all(bool(np.isfinite(v).all()) for v in (signal.head_rotation, signal.head_translation, signal.gaze))


def _coefficients(data: Mapping[str, Any], name: str) -> Floats:
    """(52) of an object from names to numbers."""
    values = data.get(name)
    if not isinstance(values, Mapping) or set(values) != set(INDEX):
        raise ValueError(f"expected the 52 ARKit names in {name!r}")
    return _numbers({name: [values[key] for key in NAMES]}, name, (len(NAMES),), 1.0)


def _numbers(data: Mapping[str, Any], name: str, shape: tuple[int, ...], most: float) -> Floats:
    """Numbers of a size of at most ``most``, not in quotes and not in other lists."""
    values = data.get(name)
    rows = values if len(shape) == 2 and isinstance(values, list) else [values]
    flat = [value for row in rows if isinstance(row, list) and len(row) == shape[-1] for value in row]
    plain = [float(value) for value in flat if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(plain) != math.prod(shape) or len(flat) != len(plain) or len(rows) * shape[-1] != len(plain):
        raise ValueError(f"expected {' x '.join(map(str, shape))} numbers in {name!r}")
    array = np.array(plain)
    if not (np.abs(array) <= most).all():  # nor NaN
        raise ValueError(f"expected numbers of a size of {most:.4g} at most in {name!r}")
    return array.reshape(shape).astype(np.float32)

"""Our own recording file: an ``.npz`` of plain arrays.

``time (T)`` seconds, ``arkit (T, 52)`` with ``arkit_names (52)``, ``head_rotation (T, 3)`` axis-angle in rig axes,
``head_translation (T, 3)`` metres, ``gaze (T, 2, 2)``, ``confidence (T)`` and ``fps ()``.
Only the first three must be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import as_doubles, assembled, check_length
from splatavatar.drive.sources.recorded.columns import arkit_columns, to_arkit
from splatavatar.errors import SignalError
from splatavatar.output import atomic_write
from splatavatar.rig.arkit import NAMES

NEEDED = ("time", "arkit", "arkit_names")
SHOWN = 8
"""names in a message"""
OPTIONAL = ("head_rotation", "head_translation", "gaze", "confidence")


def signal_recording(arrays: Mapping[str, NDArray[Any]], source: str) -> Recording:
    """The face in the arrays of a file. Raises SignalError."""
    for name in NEEDED:
        if name not in arrays:
            found = ", ".join(sorted(arrays)[:SHOWN]) + (", ..." if len(arrays) > SHOWN else "")
            raise SignalError(f"{source}: no array {name!r}; found {found or 'nothing'}.")
    for name in (*NEEDED, *OPTIONAL, "fps"):
        kind, what = ("U", "names") if name == "arkit_names" else ("fiu", "numbers")
        if name in arrays and arrays[name].dtype.kind not in kind:
            raise SignalError(f"{source}: {name} does not hold {what}.")
    names, values, time = arrays["arkit_names"], arrays["arkit"], arrays["time"]
    if values.ndim != 2 or names.ndim != 1 or values.shape != (time.size, names.size):
        expected = (time.size, names.size)
        raise SignalError(
            f"{source}: arkit has the shape {values.shape}, expected {expected} from time and arkit_names."
        )
    check_length(time.size, source)
    column = arkit_columns(names.tolist(), source)
    return assembled(
        source,
        time.reshape(-1),
        to_arkit(_at_rest(values, arrays.get("confidence")), column, source),
        **{name: arrays.get(name) for name in OPTIONAL},
        fps=rate_of(arrays, source),
    )


def rate_of(arrays: Mapping[str, NDArray[Any]], source: str) -> float | None:
    """What an array ``fps`` says; None without one. Raises SignalError for several numbers or none."""
    if "fps" not in arrays:
        return None
    if arrays["fps"].size != 1 or arrays["fps"].dtype.kind not in "fiu":
        raise SignalError(f"{source}: fps does not hold one number.")
    return float(as_doubles(arrays["fps"]).reshape(-1)[0])


def _at_rest(values: NDArray[Any], confidence: NDArray[Any] | None) -> NDArray[Any]:
    """Coefficients (T, C) that rest where no face was seen and nothing was written."""
    if confidence is None or confidence.shape != values.shape[:1] or not (confidence <= 0).any():
        return values
    values = as_doubles(values)
    lost = (confidence <= 0) & ~np.isfinite(values).all(1)
    values[lost] = 0.0
    return values


def write_signal(path: Path, recording: Recording) -> None:
    """Write ``recording`` to ``path``, compressed; the file appears whole or not at all. Raises OutputError."""
    with atomic_write(path) as file:
        np.savez_compressed(
            file,
            time=recording.time,
            arkit=recording.arkit,
            arkit_names=np.array(NAMES),
            head_rotation=recording.head_rotation,
            head_translation=recording.head_translation,
            gaze=recording.gaze,
            confidence=recording.confidence,
            fps=np.float64(recording.fps),
        )

"""Our own recording file: an ``.npz`` of plain arrays.

``time (T)`` seconds, ``arkit (T, 52)`` with ``arkit_names (52)``, ``head_rotation (T, 3)`` axis-angle in rig axes,
``head_translation (T, 3)`` metres, ``gaze (T, 2, 2)``, ``confidence (T)`` and ``fps ()``.
Only the first three must be there.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.checked import checked, frame_rate
from splatavatar.drive.sources.columns import to_arkit
from splatavatar.errors import SignalError
from splatavatar.output import atomic_write
from splatavatar.rig.arkit import NAMES


def read_signal_npz(path: Path) -> Recording:
    """Read ``path``. Raises SignalError; never unpickles."""
    source = str(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise SignalError(f"{source}: not an intact npz file of plain arrays.") from error
    for name in ("time", "arkit", "arkit_names"):
        if name not in arrays:
            raise SignalError(f"{source}: no array {name!r}; found {', '.join(sorted(arrays)) or 'nothing'}.")
    for name, array in arrays.items():
        kind, what = ("U", "names") if name == "arkit_names" else ("fiu", "numbers")
        if array.dtype.kind not in kind:
            raise SignalError(f"{source}: {name} does not hold {what}.")
    names, values, time = arrays["arkit_names"], arrays["arkit"], arrays["time"].astype(np.float64)
    if values.ndim != 2 or names.ndim != 1 or values.shape != (time.size, names.size):
        expected = (time.size, names.size)
        raise SignalError(
            f"{source}: arkit has the shape {values.shape}, expected {expected} from time and arkit_names."
        )
    T = time.size
    time = time.reshape(T)

    def optional(name: str, default: NDArray[np.float32]) -> NDArray[np.float32]:
        return arrays[name].astype(np.float32) if name in arrays else default

    return checked(
        Recording(
            time=time - time[:1],
            arkit=to_arkit(names.tolist(), values, source),
            head_rotation=optional("head_rotation", np.zeros((T, 3), np.float32)),
            head_translation=optional("head_translation", np.zeros((T, 3), np.float32)),
            gaze=optional("gaze", np.zeros((T, 2, 2), np.float32)),
            confidence=optional("confidence", np.ones(T, np.float32)),
            fps=float(arrays["fps"].reshape(-1)[0]) if arrays.get("fps", np.empty(0)).size else frame_rate(time),
        ),
        source,
    )


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

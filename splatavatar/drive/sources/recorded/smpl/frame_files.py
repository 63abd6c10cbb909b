"""Folders of SMPL-X parameters, one file a frame: JSON as ExAvatar fits it, npz as SMPLer-X writes it.

Rates are not in them; frames that have no file are held. Of several people the one with the most frames is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.arrays import read_npz
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import as_doubles, check_length
from splatavatar.drive.sources.recorded.numbered_frames import numbered_frames
from splatavatar.drive.sources.recorded.smpl.parameters import (
    BODY,
    EXPRESSIONS,
    EYES,
    JAWS,
    LEFT_EYES,
    RIGHT_EYES,
    body_motion,
)
from splatavatar.drive.sources.recorded.smpl.recording import body_recording
from splatavatar.errors import SignalError
from splatavatar.input import read_json

INNER = (
    *("smplx_params_smoothed", "smplx_optimized/smplx_params_smoothed"),
    *("smplx_params", "smplx_optimized/smplx_params"),
)
"""folders of frames below those that people name, in the order in which they are preferred"""
FRAME = (*BODY, *JAWS, *EYES, *LEFT_EYES, *RIGHT_EYES, *EXPRESSIONS)
"""what is read of a file of one frame"""
MOST_OF_A_FRAME = 1 << 20
"""bytes of it"""
DEEPEST = 3
"""lists in lists of the numbers of one part"""
EXPECTED = "SMPL-X parameters, one file a frame"


def frames_folder(folder: Path) -> Path | None:
    """Where in ``folder`` the files of the frames are; None where there are none."""
    for name in INNER:
        if (folder / name).is_dir():
            return folder / name
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for suffix in (".npz", ".json"):
        first = next((path for path in files if path.suffix.lower() == suffix), None)
        if first is not None:
            return folder if any(name in _names(first) for name in BODY) else None
    return None


def read_body_folder(folder: Path) -> Recording:
    """The frames in ``folder``, one of ``frames_folder``. Raises SignalError."""
    suffix = ".npz" if any(path.suffix.lower() == ".npz" for path in folder.iterdir()) else ".json"
    files, ticks = numbered_frames(folder, suffix, EXPECTED)
    check_length(len(files), str(folder))
    frames = [_frame(path) for path in files]
    for path, frame in zip(files, frames, strict=True):
        if not any(name in frame for name in BODY):
            raise SignalError(f"{path}: no body_pose, expected {EXPECTED}.")
    arrays = {}
    for name in FRAME:
        if not all(name in frame for frame in frames):
            continue
        for path, frame in zip(files, frames, strict=True):
            if frame[name].shape != frames[0][name].shape:
                found, wanted = frame[name].size, frames[0][name].size
                raise SignalError(f"{path}: {found} numbers of {name}, expected {wanted} as in {files[0].name}.")
        arrays[name] = np.stack([frame[name] for frame in frames])
    return body_recording(body_motion(arrays, str(folder)), str(folder), ticks)


def _names(path: Path) -> tuple[str, ...]:
    """Names in the file of a frame; none where it cannot be read, which is said by whoever reads it."""
    try:
        return tuple(_frame(path))
    except SignalError:
        return ()


def _frame(path: Path) -> dict[str, NDArray[np.float64]]:
    """Parts of one frame, all their numbers in a row."""
    if path.suffix.lower() == ".npz":
        parts: Mapping[str, Any] = read_npz(path, SignalError, FRAME, EXPECTED, MOST_OF_A_FRAME)
    else:
        parts = read_json(path, SignalError, EXPECTED, MOST_OF_A_FRAME)
        if not isinstance(parts, dict):
            raise SignalError(f"{path}: no JSON object, expected {EXPECTED}.")
    return {name: _row(parts[name], name, path) for name in FRAME if name in parts}


def _row(part: Any, name: str, path: Path) -> NDArray[np.float64]:
    """(N) numbers of an array, or of lists in lists."""
    if isinstance(part, np.ndarray):
        if part.dtype.kind not in "fiu":
            raise SignalError(f"{path}: {name} does not hold numbers.")
        return as_doubles(part.reshape(-1))
    found: list[Any] = [part]
    for _ in range(DEEPEST):
        found = [inner for value in found for inner in (value if isinstance(value, list) else [value])]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in found):
        raise SignalError(f"{path}: {name} does not hold numbers.")
    return np.array(found, np.float64)

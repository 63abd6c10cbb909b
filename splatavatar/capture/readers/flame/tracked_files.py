"""FLAME beside ``transforms.json``: what VHAP and INSTA leave of every timestep.

VHAP writes an npz a timestep, with all of FLAME, turned about its root joint and moved. INSTA writes a text of
expressions a picture; its shape and its jaw are in the checkpoints of metrical-tracker beside it, or in texts such as
FATE adds. Without these its expressions are those of nobody, and the capture is read without parameters.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.arrays import npz_names, read_npz, read_npz_or_none
from splatavatar.capture.capture import Frame, RigParameters
from splatavatar.capture.readers.flame.checkpoints import CHECKPOINTS, parameters_of
from splatavatar.capture.readers.flame.frame_file import read_frame_file
from splatavatar.capture.readers.flame.parameters import flame_parameters, shape_of
from splatavatar.capture.readers.named_files import named_file, posix_name
from splatavatar.capture.readers.numbered_files import number_of
from splatavatar.errors import CaptureError, RigError
from splatavatar.input import NOT_FETCHED, POINTER, open_input, read_text
from splatavatar.printable import printable
from splatavatar.rotations import axis_angles, matrices_of_two_rows

Entries = Mapping[str, Mapping[str, Any]]
"""fields of frames by the names of their pictures"""

VHAP_ROWS = {"root": "rotation", "neck": "neck_pose", "jaw": "jaw_pose"}
"""of the arrays, by joint"""
DYNAMIC = "dynamic_offset"
"""an array (1, V, 3) in metres that VHAP writes on demand"""
TEXTS = {"shape": 300, "jaw": 6, "eyes": 12}
"""folders of texts beside that of the expressions, and how many numbers each has: turns as two rows of a matrix"""
MOST = 1 << 12
"""numbers of a text"""

_log = logging.getLogger("splatavatar")


def vhap_parameters(
    root: Path, description: Path, frames: Sequence[Frame], entries: Entries, allow_outside: bool
) -> RigParameters | None:
    """FLAME of every timestep of ``frames``, from the files that ``entries`` name; None where they were not fetched.

    Raises:
        CaptureError: the name of a file that lies outside of ``root``, unless ``allow_outside``.
        RigError: some of the files are missing or damaged, or hold anything but FLAME.
    """
    files: dict[int, Path] = {}
    for frame in frames:
        name = entries[frame.name].get("flame_param_path")
        if not isinstance(name, str):
            return None  # an export of meshes
        files.setdefault(frame.timestep, named_file(root, description, name, allow_outside))
    ordered = [files[timestep] for timestep in range(len(files))]
    if not any(file.exists() for file in ordered):
        _warn(f"{ordered[0]}: no such file, nor any other of FLAME that {description.name} names")
        return None
    if ordered[0].is_file() and _is_pointer(ordered[0]):
        _warn(f"{ordered[0]}: {NOT_FETCHED}")
        return None
    rows = [_vhap_rows(file) for file in ordered]
    first = read_npz(ordered[0], RigError, ("shape", "static_offset"), "parameters of FLAME by VHAP")
    where, offset = str(ordered[0].parent), first.get("static_offset")
    if "shape" not in first:
        raise RigError(f"{ordered[0]}: no array 'shape', expected parameters of FLAME by VHAP")
    if offset is not None and offset.ndim == 3 and len(offset) == 1:
        offset = offset[0]
    _say_what_is_left_out(ordered)
    eyes = _stacked(where, "eyes_pose", rows, 6)
    return flame_parameters(
        where,
        "vhap",
        first["shape"].ravel(),
        _stacked(where, "expr", rows),
        {
            **{joint: _stacked(where, name, rows, 3) for joint, name in VHAP_ROWS.items()},
            "left_eye": eyes[:, :3],
            "right_eye": eyes[:, 3:],
        },
        _stacked(where, "translation", rows, 3),
        offset,
    )


def insta_parameters(
    root: Path, description: Path, frames: Sequence[Frame], entries: Entries, allow_outside: bool
) -> RigParameters | None:
    """FLAME of every timestep of ``frames``; None where there is none that is whole. Raises as ``vhap_parameters``."""
    first = {frame.timestep: frame for frame in reversed(frames)}
    ordered = [first[timestep] for timestep in range(len(first))]
    names = [entries[frame.name].get("exp_path") for frame in ordered]
    checkpoints = [_checkpoint(root, frame) for frame in ordered]
    if all(file is not None and file.is_file() for file in checkpoints):
        tracked = [read_frame_file(file) for file in checkpoints if file is not None]
        return parameters_of(root / CHECKPOINTS, tracked)
    if not all(isinstance(name, str) for name in names):
        return None
    texts = [named_file(root, description, str(name), allow_outside) for name in names]
    beside = texts[0].parent.parent
    if not all((beside / name).is_dir() for name in ("shape", "jaw")):
        _warn(f"{beside}: expressions of FLAME without its shape and its jaw")
        return None
    where = str(beside)

    def read(folder: str) -> NDArray[np.float64]:
        return np.stack([_numbers(text.parent.parent / folder / text.name, TEXTS[folder]) for text in texts])

    turns = {"jaw": read("jaw")}
    if (beside / "eyes").is_dir():
        turns["left_eye"], turns["right_eye"] = np.split(read("eyes"), 2, axis=1)
    return flame_parameters(
        where,
        "insta",
        _numbers(beside / "shape" / texts[0].name, TEXTS["shape"]),
        np.stack([_numbers(text, 100) for text in texts]),
        {joint: axis_angles(_turns(where, joint, rows)) for joint, rows in turns.items()},
    )


def by_picture(entries: Sequence[Mapping[str, Any]]) -> Entries:
    """``entries`` of a description by the names of their pictures."""
    return {posix_name(entry["file_path"]): entry for entry in entries}


def _vhap_rows(file: Path) -> dict[str, NDArray[Any]]:
    names = (*VHAP_ROWS.values(), "eyes_pose", "expr", "translation")
    found = read_npz(file, RigError, names, "parameters of FLAME by VHAP")
    missing = [name for name in names if name not in found]
    if missing:
        raise RigError(f"{file}: no array {missing[0]!r}, expected parameters of FLAME by VHAP")
    for name, values in found.items():
        if values.dtype.kind not in "fiu":
            raise RigError(f"{file}: {name} holds {values.dtype}, expected numbers")
        if values.ndim not in (1, 2) or (values.ndim == 2 and len(values) != 1):
            raise RigError(f"{file}: {name} is {shape_of(values)}, expected one row of one timestep")
    return {name: values.ravel() for name, values in found.items()}


def _say_what_is_left_out(files: Sequence[Path]) -> None:
    """Says so where vertices move by themselves from one timestep to the next, which no rig does."""
    largest = 0.0
    if DYNAMIC in npz_names(files[0], RigError, "parameters of FLAME by VHAP"):
        for file in files:
            found = read_npz_or_none(file, (DYNAMIC,))
            if found is not None and found[DYNAMIC].dtype.kind == "f":
                largest = max(largest, float(np.abs(found[DYNAMIC]).max(initial=0)))
    if largest > 0:
        _log.warning(
            "%s: %s, which moves vertices by up to %.2g mm in single timesteps, is left out.",
            printable(files[0].parent),
            DYNAMIC,
            largest * 1e3,
        )


def _stacked(where: str, name: str, rows: Sequence[dict[str, Any]], length: int | None = None) -> NDArray[Any]:
    lengths = sorted({len(row[name]) for row in rows})
    if lengths != [length if length is not None else lengths[0]]:
        expected = "the same number" if length is None else str(length)
        raise RigError(f"{where}: {name} has {' or '.join(map(str, lengths))} numbers, expected {expected}")
    return np.stack([row[name] for row in rows])


def _checkpoint(root: Path, frame: Frame) -> Path | None:
    number = number_of(frame.name)
    return None if number is None else root / CHECKPOINTS / f"{number:05d}.frame"


def _numbers(path: Path, count: int) -> NDArray[np.float64]:
    """The numbers of a text, one a line or several."""
    words = read_text(path, RigError, "a text of numbers").split()
    try:
        values = np.array([float(word) for word in words[:MOST]])
    except ValueError as error:
        raise RigError(f"{path}: holds what is no number, expected {count} numbers") from error
    if len(words) != count:
        raise RigError(f"{path}: {len(words)} numbers, expected {count}")
    if not np.isfinite(values).all():
        raise RigError(f"{path}: holds values that are not finite")
    return values


def _turns(where: str, joint: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    turns = matrices_of_two_rows(rows)
    if not np.isfinite(turns).all():
        raise RigError(f"{where}: {joint} is no rotation, its rows are along one another")
    return turns


def _is_pointer(path: Path) -> bool:
    with open_input(path, CaptureError) as file:
        return file.read(len(POINTER)) == POINTER


def _warn(why: str) -> None:
    _log.warning("%s; the capture is read without parameters of FLAME.", printable(why))

"""FLAME parameters over time, as the coefficients of ARKit.

Read are the files of VHAP (``rotation neck_pose jaw_pose eyes_pose translation expr``, one row a frame; also a folder
of them, one file a frame, as its export writes it), of DiffPoseTalk (``exp``, and ``pose`` = global rotation and jaw)
and of ARTalk (rows of 106: 100 of expression, global rotation, jaw). All rotations are axis-angle in radians, in
FLAME's axes, which are the rig's: +X to the subject's left, +Y up, +Z ahead.

What a rotation means is the same on any face, so it is carried over: the jaw becomes jawOpen, jawLeft and jawRight, the
eyes become the gaze, the global rotation times the neck becomes the head. Where the user has the model's own file,
expression and jaw become coefficients together (``model_face.py``). Without it the components are left out, as one line
of the log says: lips and brows stay at rest, and lids do not close.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.arrays import read_npz
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import (
    MOST_TURN,
    MOST_WAY,
    as_doubles,
    assembled,
    bounded_numbers,
    check_length,
    check_rate,
)
from splatavatar.drive.sources.recorded.model_face import face_of, gaze_of
from splatavatar.drive.sources.recorded.numbered_frames import numbered_frames
from splatavatar.drive.sources.recorded.signal_npz import rate_of
from splatavatar.errors import SignalError
from splatavatar.rotations import axis_angles_of_quaternions, quaternion_product, quaternions

FlameArrays = Mapping[str, NDArray[Any]]

VHAP_FPS, SPEECH_FPS = 30.0, 25.0
"""frames a second where the file does not say: of VHAP's videos; of DiffPoseTalk and ARTalk, whose networks have it"""
FRAME = ("rotation", "neck_pose", "jaw_pose", "eyes_pose", "translation", "expr")
"""what is read of a file of one frame"""
VHAP = {"rotation", "expr"}
"""names that no other file has"""
MOST_OF_A_FRAME = 1 << 20
"""bytes of it"""
ARTALK_COLUMNS = 106
ARTALK_NAMES = ("motions", "pred_motions", "motion")
"""of the array, as a file is written from the results of ARTalk; any array alone in its file is taken too"""


def flame_names(names: Collection[str]) -> tuple[str, ...] | None:
    """Which of the arrays called ``names`` are read of a file of FLAME parameters; None for all, where only these show
    what it holds."""
    if "jaw_pose" in names or set(names) >= VHAP:
        return (*FRAME, "fps")
    return ("exp", "pose", "fps") if {"exp", "pose"} <= set(names) else None


def is_flame(arrays: FlameArrays) -> bool:
    """Whether the arrays of a file are FLAME parameters."""
    names = arrays.keys()
    return "jaw_pose" in names or names >= VHAP or {"exp", "pose"} <= names or _artalk(arrays) is not None


def flame_recording(arrays: FlameArrays, source: str, ticks: NDArray[np.int64] | None = None) -> Recording:
    """The face that FLAME parameters show, as far as it can be carried over.

    ``ticks`` (T) counts the frames at the rate of the recording where some are missing. Raises SignalError.
    """
    rows = _artalk(arrays)
    fps = SPEECH_FPS
    eyes = move = expression = None
    if "jaw_pose" in arrays or arrays.keys() >= VHAP:
        fps = VHAP_FPS
        jaw = _rows(arrays, "jaw_pose", 3, source)
        turn = [_rows(arrays, name, 3, source) for name in ("rotation", "neck_pose") if name in arrays]
        eyes = _rows(arrays, "eyes_pose", 6, source) if "eyes_pose" in arrays else None
        move = _rows(arrays, "translation", 3, source, MOST_WAY) if "translation" in arrays else None
        expression = arrays.get("expr")
    elif rows is not None:
        expression = rows[:, :100]
        rows = bounded_numbers(rows[:, 100:106], "motions", source, MOST_TURN)
        turn, jaw = [rows[:, :3]], rows[:, 3:]
    else:
        pose = _rows(arrays, "pose", 6, source)
        turn, jaw = [pose[:, :3]], pose[:, 3:]
        expression = arrays["exp"]
    T = len(jaw)
    for part in (*turn, *(part for part in (eyes, move) if part is not None)):
        if len(part) != T:
            raise SignalError(f"{source}: {len(part)} frames of one FLAME parameter but {T} of the jaw.")
    stated = rate_of(arrays, source)
    fps = check_rate(fps if stated is None else stated, source)
    head = turn[0] if turn else np.zeros((T, 3))
    for part in turn[1:]:
        head = axis_angles_of_quaternions(quaternion_product(quaternions(head), quaternions(part)))
    # A track knows where the head is in its camera's space, not where it rests.
    place = np.zeros((T, 3)) if move is None else move - np.median(move, 0)
    arkit = face_of("flame", expression, jaw, eyes, source)
    time = (np.arange(T) if ticks is None else ticks) / fps
    return assembled(source, time, arkit, head, place, gaze_of(eyes, T), fps=fps)


def read_flame_folder(folder: Path) -> Recording:
    """A folder of npz files of one frame each, in the order of their numbers, or one that holds it as ``flame_param``.

    The files are those of ``numbered_frames``. The last frame before a missing number is held meanwhile. Raises
    SignalError.
    """
    inner = folder / "flame_param"
    files, ticks = numbered_frames(
        inner if os.path.isdir(inner) else folder, ".npz", "npz files of FLAME that VHAP exports"
    )
    check_length(len(files), str(folder))
    frames = [read_npz(path, SignalError, FRAME, "an npz file of FLAME parameters", MOST_OF_A_FRAME) for path in files]
    for path, frame in zip(files, frames, strict=True):
        if "jaw_pose" not in frame:
            raise SignalError(f"{path}: no array 'jaw_pose', expected FLAME parameters as VHAP exports them.")
    there = [name for name in FRAME if all(name in frame for frame in frames)]
    arrays = {}
    for name in there:
        rows = [np.atleast_2d(frame[name]) for frame in frames]
        for path, row in zip(files, rows, strict=True):
            if row.shape != rows[0].shape or len(row) != 1:
                raise SignalError(
                    f"{path}: {name} has the shape {row.shape}, expected one frame as in {files[0].name}, (1, ...)."
                )
            if row.dtype.kind not in "fiu":
                raise SignalError(f"{path}: {name} does not hold numbers.")
        arrays[name] = np.concatenate([as_doubles(row) for row in rows])
    return flame_recording(arrays, str(folder), ticks)


def _artalk(arrays: FlameArrays) -> NDArray[Any] | None:
    names = [name for name in ARTALK_NAMES if name in arrays] or (list(arrays) if len(arrays) == 1 else [])
    found = [arrays[name] for name in names if arrays[name].ndim == 2 and arrays[name].shape[1] == ARTALK_COLUMNS]
    return found[0] if found else None


def _rows(arrays: FlameArrays, name: str, columns: int, source: str, most: float = MOST_TURN) -> Doubles:
    if name not in arrays:
        raise SignalError(f"{source}: no array {name!r}, expected FLAME parameters as VHAP exports them.")
    array = arrays[name]
    if array.ndim != 2 or array.shape[1] != columns:
        raise SignalError(f"{source}: {name} has the shape {array.shape}, expected (frames, {columns}).")
    return bounded_numbers(array, name, source, most)

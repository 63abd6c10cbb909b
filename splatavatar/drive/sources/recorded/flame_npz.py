"""FLAME parameters over time, as the coefficients of ARKit.

Read are the files of VHAP (``rotation neck_pose jaw_pose eyes_pose translation expr``, one row a frame; also a folder
of them, one file a frame, as its export writes it), of DiffPoseTalk (``exp``, and ``pose`` = global rotation and jaw)
and of ARTalk (rows of 106: 100 of expression, global rotation, jaw). All rotations are axis-angle in radians, in
FLAME's axes, which are the rig's: +X to the subject's left, +Y up, +Z ahead.

What a rotation means is the same on any face, so it is carried over: the jaw becomes jawOpen, jawLeft and jawRight by
the angle at which these coefficients turn Anny's own jaw, the eyes become the gaze, the global rotation times the neck
becomes the head. The components of FLAME's expression are those of a statistical model that differs between its
editions, and need the model's own file to be understood. Where the user has one, expression and jaw become coefficients
together (``flame_face.py``). Without it the components are left out, as one line of the log says: lips and brows stay
at rest, and lids do not close.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from itertools import pairwise
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
    check_length,
    check_rate,
)
from splatavatar.drive.sources.recorded.flame_face import coefficients_by, flame_rig
from splatavatar.drive.sources.recorded.signal_npz import rate_of
from splatavatar.errors import SignalError
from splatavatar.input import why_unread
from splatavatar.natural import natural
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import axis_angles_of_quaternions, quaternion_product, quaternions

LOG = logging.getLogger("splatavatar")
FlameArrays = Mapping[str, NDArray[Any]]

JAW_OPEN, JAW_ASIDE = 0.37, 0.097
"""radians by which jawOpen and jawLeft at 1 turn Anny's jaw about its joint (the rigid part of the shapes)"""
MOST_EXPRESSION = 100.0
"""standard deviations; no face has 5"""
VHAP_FPS, SPEECH_FPS = 30.0, 25.0
"""frames a second where the file does not say: of VHAP's videos; of DiffPoseTalk and ARTalk, whose networks have it"""
FRAME = ("rotation", "neck_pose", "jaw_pose", "eyes_pose", "translation", "expr")
"""what is read of a file of one frame"""
MOST_OF_A_FRAME = 1 << 20
"""bytes of it"""
ARTALK_COLUMNS = 106
ARTALK_NAMES = ("motions", "pred_motions", "motion")
"""of the array, as a file is written from the results of ARTalk; any array alone in its file is taken too"""


def is_flame(arrays: FlameArrays) -> bool:
    """Whether the arrays of a file are FLAME parameters."""
    names = arrays.keys()
    return "jaw_pose" in names or {"exp", "pose"} <= names or _artalk(arrays) is not None


def flame_recording(arrays: FlameArrays, source: str, ticks: NDArray[np.int64] | None = None) -> Recording:
    """The face that FLAME parameters show, as far as it can be carried over.

    ``ticks`` (T) counts the frames at the rate of the recording where some are missing. Raises SignalError.
    """
    rows = _artalk(arrays)
    fps = SPEECH_FPS
    eyes = move = expression = None
    if "jaw_pose" in arrays:
        fps = VHAP_FPS
        jaw = _rows(arrays, "jaw_pose", 3, source)
        turn = [_rows(arrays, name, 3, source) for name in ("rotation", "neck_pose") if name in arrays]
        eyes = _rows(arrays, "eyes_pose", 6, source) if "eyes_pose" in arrays else None
        move = _rows(arrays, "translation", 3, source, MOST_WAY) if "translation" in arrays else None
        expression = arrays.get("expr")
    elif rows is not None:
        expression = rows[:, :100]
        rows = _numbers(rows[:, 100:106], "motions", source)
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
    gaze = np.zeros((T, 2, 2), np.float32)
    if eyes is not None:
        gaze[:, :, 0], gaze[:, :, 1] = eyes[:, [1, 4]], -eyes[:, [0, 3]]
    # A track knows where the head is in its camera's space, not where it rests.
    place = np.zeros((T, 3)) if move is None else move - np.median(move, 0)
    shown = _by_model(expression, jaw, eyes, source)
    arkit = _coefficients(jaw) if shown is None else shown
    time = (np.arange(T) if ticks is None else ticks) / fps
    return assembled(source, time, arkit, head, place, gaze + np.float32(0.0), fps=fps)


def read_flame_folder(folder: Path) -> Recording:
    """A folder of npz files of one frame each, in the order of their numbers, or one that holds it as ``flame_param``.

    Files without a number in their name, or with another name around it than most have, are no frames of it and left
    out. The last frame before a missing number is held meanwhile. Raises SignalError.
    """
    inner = folder / "flame_param"
    files, ticks = _numbered(inner if os.path.isdir(inner) else folder)
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


def _numbered(folder: Path) -> tuple[list[Path], NDArray[np.int64]]:
    """The files of the frames in a folder, and the places of the frames in time, from 0. Raises SignalError."""
    try:
        # macOS leaves a ._name beside every name on other people's disks.
        found = [p for p in folder.iterdir() if p.suffix.lower() == ".npz" and not p.name.startswith(".")]
    except OSError as error:
        raise SignalError(f"{folder}: {why_unread(error)}, expected npz files of FLAME that VHAP exports.") from error
    if not found:
        raise SignalError(f"{folder}: a folder without npz files, expected those of FLAME that VHAP exports.")
    series: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(found, key=natural):
        match = re.fullmatch(r"(.*?)([0-9]{1,15})", path.stem)
        if match is not None:
            series.setdefault(match[1], []).append((int(match[2]), path))
    frames = max(series.values(), key=len, default=list(enumerate(sorted(found, key=natural))))
    for (number, path), (after, other) in pairwise(frames):
        if number == after:
            raise SignalError(f"{folder}: {path.name} and {other.name} are both frame {number}; keep one of them.")
    if len(frames) < len(found):
        chosen = {path for _, path in frames}
        other = next(path for path in found if path not in chosen)
        LOG.warning(
            "%s: %d files such as %s are no frames of it and are left out.",
            folder,
            len(found) - len(frames),
            other.name,
        )
    numbers = np.array([number for number, _ in frames], np.int64)
    # Every tenth frame of a video is a recording too, of frames that follow each other.
    stride = max(int(np.gcd.reduce(np.diff(numbers))), 1) if len(numbers) > 1 else 1
    ticks = (numbers - numbers[0]) // stride
    missing = int(ticks[-1]) + 1 - len(ticks)
    if missing:
        LOG.warning(
            "%s: %d frames are missing between %s and %s; the face is held meanwhile.",
            folder,
            missing,
            frames[0][1].name,
            frames[-1][1].name,
        )
    return [path for _, path in frames], ticks


def _by_model(
    expression: NDArray[Any] | None, jaw: Doubles, eyes: Doubles | None, source: str
) -> NDArray[np.float32] | None:
    """The coefficients (T, 52) by the user's file of FLAME; None where there is none, or no expression."""
    if expression is None or expression.ndim != 2 or len(expression) != len(jaw):
        LOG.warning(
            "%s: FLAME parameters without an expression for each frame: jaw, eyes and head drive this avatar.", source
        )
        return None
    rig = flame_rig(source)
    if rig is None:  # what is left out may hold anything
        return None
    components = _numbers(expression, "the expression", source, MOST_EXPRESSION)
    return coefficients_by(rig, components, jaw, eyes).astype(np.float32)


def _coefficients(jaw: Doubles) -> NDArray[np.float32]:
    arkit = np.zeros((len(jaw), len(NAMES)), np.float32)
    arkit[:, INDEX["jawOpen"]] = jaw[:, 0] / JAW_OPEN
    arkit[:, INDEX["jawLeft"]] = jaw[:, 1] / JAW_ASIDE
    arkit[:, INDEX["jawRight"]] = -jaw[:, 1] / JAW_ASIDE
    return np.clip(arkit, 0.0, 1.0)


def _artalk(arrays: FlameArrays) -> NDArray[Any] | None:
    names = [name for name in ARTALK_NAMES if name in arrays] or (list(arrays) if len(arrays) == 1 else [])
    found = [arrays[name] for name in names if arrays[name].ndim == 2 and arrays[name].shape[1] == ARTALK_COLUMNS]
    return found[0] if found else None


def _rows(arrays: FlameArrays, name: str, columns: int, source: str, most: float = MOST_TURN) -> Doubles:
    array = arrays[name]
    if array.ndim != 2 or array.shape[1] != columns:
        raise SignalError(f"{source}: {name} has the shape {array.shape}, expected (frames, {columns}).")
    return _numbers(array, name, source, most)


def _numbers(array: NDArray[Any], name: str, source: str, most: float = MOST_TURN) -> Doubles:
    """(T, C) of numbers whose size is at most ``most``: radians of a rotation, or what is given."""
    if array.dtype.kind not in "fiu" or array.size == 0:
        raise SignalError(f"{source}: {name} does not hold numbers.")
    check_length(len(array), source)
    numbers = as_doubles(array)
    fits = (np.abs(numbers) <= most).all(1)  # not NaN
    if not fits.all():
        frame = int(np.argmin(fits))
        what = "not a finite number" if not np.isfinite(numbers[frame]).all() else f"beyond {most:.4g}"
        raise SignalError(f"{source}: {name} is {what} in frame {frame}, expected numbers of size {most:.4g} at most.")
    return numbers

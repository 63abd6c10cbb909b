"""FLAME parameters over time, as the coefficients of ARKit.

Read are the files of VHAP (``rotation neck_pose jaw_pose eyes_pose translation expr``, one row a frame; also a folder
of them, one file a frame, as its export writes it), of DiffPoseTalk (``exp``, and ``pose`` = global rotation and jaw)
and of ARTalk (rows of 106: 100 of expression, global rotation, jaw). All rotations are axis-angle in radians, in
FLAME's axes, which are the rig's: +X to the subject's left, +Y up, +Z ahead.

What a rotation means is the same on any face, so it is carried over: the jaw becomes jawOpen, jawLeft and jawRight by
the angle at which these coefficients turn Anny's own jaw, the eyes become the gaze, the global rotation times the neck
becomes the head. The components of FLAME's expression are those of a statistical model that differs between its
editions, and need the model's own file to be understood: they are left out. Lips and brows therefore stay at rest,
and lids do not close. ``read_flame`` says so in one line of the log.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.checked import checked
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import INDEX, NAMES

LOG = logging.getLogger("splatavatar")
Doubles = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

JAW_OPEN, JAW_ASIDE = 0.37, 0.097
"""radians by which jawOpen and jawLeft at 1 turn Anny's jaw about its joint (the rigid part of the shapes)"""
VHAP_FPS, SPEECH_FPS = 30.0, 25.0
"""frames a second where the file does not say: of VHAP's videos; of DiffPoseTalk and ARTalk, whose networks have it"""
ARTALK_COLUMNS = 106
ARTALK_NAMES = ("motions", "pred_motions", "motion")
"""of the array, as a file is written from the results of ARTalk; any array alone in its file is taken too"""


def is_flame(arrays: Arrays) -> bool:
    """Whether the arrays of a file are FLAME parameters."""
    names = arrays.keys()
    return "jaw_pose" in names or {"exp", "pose"} <= names or _artalk(arrays) is not None


def flame_recording(arrays: Arrays, source: str) -> Recording:
    """The face that FLAME parameters show, as far as it can be carried over. Raises SignalError."""
    rows = _artalk(arrays)
    fps = SPEECH_FPS
    eyes = move = None
    if "jaw_pose" in arrays:
        fps = VHAP_FPS
        jaw = _rows(arrays, "jaw_pose", 3, source)
        turn = [_rows(arrays, name, 3, source) for name in ("rotation", "neck_pose") if name in arrays]
        eyes = _rows(arrays, "eyes_pose", 6, source) if "eyes_pose" in arrays else None
        move = _rows(arrays, "translation", 3, source) if "translation" in arrays else None
    elif rows is not None:
        rows = _numbers(rows, "motions", source)
        turn, jaw = [rows[:, 100:103]], rows[:, 103:106]
    else:
        pose = _rows(arrays, "pose", 6, source)
        turn, jaw = [pose[:, :3]], pose[:, 3:]
    T = len(jaw)
    for part in (*turn, *(part for part in (eyes, move) if part is not None)):
        if len(part) != T:
            raise SignalError(f"{source}: {len(part)} frames of one FLAME parameter but {T} of the jaw.")
    if "fps" in arrays:
        fps = float(_numbers(arrays["fps"], "fps", source).reshape(-1)[0])
    if T == 0 or not fps > 0:
        raise SignalError(f"{source}: {T} frames at {fps:g} a second, expected a recording.")
    head = turn[0] if turn else np.zeros((T, 3))
    for part in turn[1:]:
        head = _after(head, part)
    time = np.arange(T) / fps
    gaze = np.zeros((T, 2, 2), np.float32)
    if eyes is not None:
        gaze[:, :, 0], gaze[:, :, 1] = eyes[:, [1, 4]], -eyes[:, [0, 3]]
    # A track knows where the head is in its camera's space, not where it rests.
    place = np.zeros((T, 3)) if move is None else move - np.median(move, 0)
    LOG.warning(
        "%s: FLAME parameters: jaw, eyes and head drive this avatar, the components of the expression have no "
        "counterpart in it and are left out.",
        source,
    )
    return checked(
        Recording(
            time,
            _coefficients(jaw),
            head.astype(np.float32),
            place.astype(np.float32),
            gaze + np.float32(0.0),
            np.ones(T, np.float32),
            fps,
        ),
        source,
    )


def read_flame_folder(folder: Path) -> Recording:
    """A folder of npz files of one frame each, in the order of their names, or one that holds it as ``flame_param``.

    Raises SignalError.
    """
    inner = folder / "flame_param"
    files = sorted((inner if inner.is_dir() else folder).glob("*.npz"))
    if not files:
        raise SignalError(f"{folder}: a folder without npz files, expected those of FLAME that VHAP exports.")
    frames = [load_arrays(path) for path in files]
    names = ("rotation", "neck_pose", "jaw_pose", "eyes_pose", "translation")
    for path, frame in zip(files, frames, strict=True):
        if "jaw_pose" not in frame:
            raise SignalError(f"{path}: no array 'jaw_pose', expected FLAME parameters as VHAP exports them.")
    there = [name for name in names if all(name in frame for frame in frames)]
    try:
        arrays = {name: np.concatenate([np.atleast_2d(frame[name]) for frame in frames]) for name in there}
    except ValueError as error:
        raise SignalError(f"{folder}: its files hold arrays of different shapes.") from error
    return flame_recording(arrays, str(folder))


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file, nothing unpickled. Raises SignalError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise SignalError(f"{path}: not an intact npz file of plain arrays.") from error


def _coefficients(jaw: Doubles) -> NDArray[np.float32]:
    arkit = np.zeros((len(jaw), len(NAMES)), np.float32)
    arkit[:, INDEX["jawOpen"]] = jaw[:, 0] / JAW_OPEN
    arkit[:, INDEX["jawLeft"]] = jaw[:, 1] / JAW_ASIDE
    arkit[:, INDEX["jawRight"]] = -jaw[:, 1] / JAW_ASIDE
    return np.clip(arkit, 0.0, 1.0)


def _artalk(arrays: Arrays) -> NDArray[Any] | None:
    names = [name for name in ARTALK_NAMES if name in arrays] or (list(arrays) if len(arrays) == 1 else [])
    found = [arrays[name] for name in names if arrays[name].ndim == 2 and arrays[name].shape[1] == ARTALK_COLUMNS]
    return found[0] if found else None


def _rows(arrays: Arrays, name: str, columns: int, source: str) -> Doubles:
    array = arrays[name]
    if array.ndim != 2 or array.shape[1] != columns:
        raise SignalError(f"{source}: {name} has the shape {array.shape}, expected (frames, {columns}).")
    return _numbers(array, name, source)


def _numbers(array: NDArray[Any], name: str, source: str) -> Doubles:
    if array.dtype.kind not in "fiu" or array.size == 0:
        raise SignalError(f"{source}: {name} does not hold numbers.")
    return array.astype(np.float64)


def _after(first: Doubles, second: Doubles) -> Doubles:
    """(T, 3) axis-angle of R(first) R(second)."""
    a, b = _quaternion(first), _quaternion(second)
    w = a[:, :1] * b[:, :1] - (a[:, 1:] * b[:, 1:]).sum(1, keepdims=True)
    axis = a[:, :1] * b[:, 1:] + b[:, :1] * a[:, 1:] + np.cross(a[:, 1:], b[:, 1:])
    axis = np.where(w < 0, -axis, axis)
    length = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = 2 * np.arctan2(length, np.abs(w))
    return np.asarray(axis * np.where(length > 1e-12, angle / np.maximum(length, 1e-12), 2.0))


def _quaternion(rotation: Doubles) -> Doubles:
    half = np.linalg.norm(rotation, axis=1, keepdims=True) / 2
    return np.concatenate([np.cos(half), rotation * np.sinc(half / np.pi) / 2], 1)

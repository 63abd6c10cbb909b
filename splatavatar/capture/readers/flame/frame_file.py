"""``.frame``: what metrical-tracker and pixel3dmm leave of one picture, a dictionary of arrays saved by torch.

That is a zip file with a pickle in it, which is read without torch and without running it. The two hold different
things under one suffix: metrical-tracker's head pose is in the camera, pixel3dmm's is outside FLAME beside it.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import AnyArray, Doubles
from splatavatar.capture.readers.views import rigid
from splatavatar.errors import CaptureError, SplatAvatarError
from splatavatar.input import NOT_FETCHED, POINTER, open_input
from splatavatar.pickles import DamagedPickle, RefusedPickle, array_of, read_pickle
from splatavatar.printable import printable
from splatavatar.rotations import axis_angles, matrices_of_two_rows
from splatavatar.zips import Bounded, Unfit, check_member

EXPECTED = "a checkpoint of metrical-tracker or pixel3dmm"
LARGEST = 1 << 20
"""bytes of the pickle; real ones have 5 kB"""
PICKLE = "data.pkl"
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF"
"""how files begin that torch before 1.6 has saved"""
R_opencv_opengl = np.diag([1.0, -1.0, -1.0])
"""from OpenGL's axes of a camera to OpenCV's"""


@dataclass(frozen=True)
class TrackedFrame:
    """One picture of a person, by FLAME."""

    tracker: str
    """``metrical`` or ``pixel3dmm``"""
    size: tuple[int, int]
    """width and height of the picture"""
    K: Doubles
    """(3, 3) pixels; the centre of the first is at (0.5, 0.5)"""
    T_camera_flame: Doubles
    """(4, 4) OpenCV's axes; the head pose is in it, FLAME's root rests"""
    shape: AnyArray
    """(300)"""
    expression: AnyArray
    """(100)"""
    turns: Mapping[str, Doubles]
    """(3) axis-angle by the name of the joint"""


def read_frame_file(path: Path) -> TrackedFrame:
    """The frame in ``path``. Raises CaptureError for anything but a sound checkpoint of one of the two trackers."""
    saved = _saved(path)
    flame = _table(path, saved, "flame")
    pixel3dmm = "opencv" not in saved and "R" in flame
    high, wide = (int(n) for n in _numbers(path, saved, "img_size", (2,)))
    if not (0 < high < 1 << 16 and 0 < wide < 1 << 16):
        raise CaptureError(f"{path}: img_size is {high}x{wide}, expected the height and width of a picture")
    K, T = (_pixel3dmm if pixel3dmm else _opencv)(path, saved, (wide, high))
    eyes = _numbers(path, flame, "eyes", (1, 12))[0]
    rows = {"jaw": _numbers(path, flame, "jaw", (1, 6))[0], "left_eye": eyes[:6], "right_eye": eyes[6:]}
    if pixel3dmm:
        rows = {"neck": _numbers(path, flame, "neck", (1, 6))[0], **rows}
    return TrackedFrame(
        tracker="pixel3dmm" if pixel3dmm else "metrical",
        size=(wide, high),
        K=K,
        T_camera_flame=T,
        shape=_numbers(path, flame, "shape", (1, None))[0],
        expression=_numbers(path, flame, "exp", (1, None))[0],
        turns={name: axis_angles(_turn(path, name, row)) for name, row in rows.items()},
    )


def _opencv(path: Path, saved: Mapping[str, Any], size: tuple[int, int]) -> tuple[Doubles, Doubles]:
    """metrical-tracker writes its camera of PyTorch3D with OpenCV's axes, too."""
    opencv = _table(path, saved, "opencv")
    K = _numbers(path, opencv, "K", (1, 3, 3))[0]
    if not np.allclose(K[[0, 1, 2, 2, 2], [1, 0, 0, 1, 2]], [0, 0, 0, 0, 1], atol=1e-4):
        raise CaptureError(f"{path}: opencv.K is no matrix of a pinhole")
    R, t = _numbers(path, opencv, "R", (1, 3, 3))[0], _numbers(path, opencv, "t", (1, 3))[0]
    return K, rigid(str(path), "opencv.R", R, t)


def _pixel3dmm(path: Path, saved: Mapping[str, Any], size: tuple[int, int]) -> tuple[Doubles, Doubles]:
    """Its camera has OpenGL's axes, its head is turned about the origin and moved outside of FLAME.

    Its pixels count from the centre of the first, and its principal point is a share of half the picture from there.
    """
    camera, flame, side = _table(path, saved, "camera"), _table(path, saved, "flame"), size[0]
    if size[0] != size[1]:
        raise CaptureError(f"{path}: a picture of {size[0]}x{size[1]} pixels, expected the square ones of pixel3dmm")
    focal = float(_numbers(path, camera, "fl", (1, 1))[0, 0]) * side
    right, down = _numbers(path, camera, "pp", (1, 2))[0] * (side + 1) / 2
    K = np.array([[focal, 0, side / 2 - 1 - right], [0, focal, side / 2 + 1 + down], [0, 0, 1]])
    base = rigid(
        str(path),
        "camera.R_base_0",
        R_opencv_opengl @ _numbers(path, camera, "R_base_0", (1, 3, 3))[0],
        R_opencv_opengl @ _numbers(path, camera, "t_base_0", (1, 3))[0],
    )
    head = _turn(path, "R", _numbers(path, flame, "R", (1, 6))[0])
    return K, base @ rigid(str(path), "flame.R", head, _numbers(path, flame, "t", (1, 3))[0])


def _turn(path: Path, name: str, rows: Doubles) -> Doubles:
    turn = matrices_of_two_rows(rows)
    if not np.isfinite(turn).all():
        raise CaptureError(f"{path}: {name} is no rotation, its rows are along one another")
    return turn


def _saved(path: Path) -> Mapping[str, Any]:
    content = _pickle_in(path)
    try:
        found = read_pickle(content)
    except RefusedPickle as error:
        raise CaptureError(f"{path}: {error}: this is not {EXPECTED}, and was not opened.") from error
    except DamagedPickle as error:
        raise CaptureError(f"{path}: damaged, expected {EXPECTED}.") from error
    if not isinstance(found, dict):
        raise CaptureError(f"{path}: no dictionary, expected {EXPECTED}.")
    return found


def _pickle_in(path: Path) -> bytes:
    with open_input(path, CaptureError, EXPECTED) as file:
        head = file.read(64)
        if head.startswith(POINTER):
            raise CaptureError(f"{path}: {NOT_FETCHED}.")
        if head.startswith(LEGACY):
            raise CaptureError(
                f"{path}: saved by torch before 1.6, whose files are not read; load and save it with a newer one."
            )
        file.seek(0)
        try:
            with zipfile.ZipFile(Bounded(file)) as archive:
                return _member(archive, os.fstat(file.fileno()).st_size)
        except Unfit as unfit:
            raise CaptureError(f"{path}: {unfit}, expected {EXPECTED}.") from None
        except SplatAvatarError:
            raise
        except Exception as error:
            # zipfile raises a dozen kinds of exceptions at damaged bytes, and all of them mean the same.
            raise CaptureError(f"{path}: not a file that torch has saved, expected {EXPECTED}.") from error


def _member(archive: zipfile.ZipFile, size: int) -> bytes:
    found = [info for info in archive.infolist() if info.filename.split("/")[-1] == PICKLE]
    if len(found) != 1:
        raise Unfit(f"{len(found) or 'no'} {PICKLE} in it")
    check_member(f"a {PICKLE}", found[0], size)
    if found[0].file_size > LARGEST:
        raise Unfit(f"a {PICKLE} of {found[0].file_size >> 20} MiB")
    with archive.open(found[0]) as stream:
        return stream.read(LARGEST)


def _table(path: Path, saved: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = saved.get(name)
    if not isinstance(table, dict):
        have = ", ".join(printable(str(known)[:20]) for known in list(saved)[:8]) or "nothing"
        raise CaptureError(f"{path}: no {name} in it, expected {EXPECTED}; it has {have}")
    return table


def _numbers(path: Path, table: Mapping[str, Any], name: str, shape: tuple[int | None, ...]) -> Doubles:
    array = array_of(table.get(name))
    if array is None:
        raise CaptureError(f"{path}: no array {name}, expected {EXPECTED}")
    if array.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        expected = "x".join("N" if n is None else str(n) for n in shape)
        raise CaptureError(f"{path}: {name} is of the shape {'x'.join(map(str, array.shape))}, expected {expected}")
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise CaptureError(f"{path}: {name} holds values that are not finite")
    return np.asarray(values)

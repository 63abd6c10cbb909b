"""Cameras and colours of NeRSemble.

``camera_params.json`` takes the world to each camera, with OpenCV's axes. One matrix of intrinsics is for the pictures
of the cameras, 2200 wide and 3208 high, unless it says otherwise; one a camera, in the benchmarks, is for the pictures
that are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.arrays import read_npy
from splatavatar.capture.colour import TERMS, AffineColours, ColourCorrection, PolynomialColours
from splatavatar.capture.readers.views import rigid
from splatavatar.errors import CaptureError
from splatavatar.input import read_json
from splatavatar.printable import printable

WIDTH, HEIGHT = 2200, 3208
MOST = 1 << 20
"""bytes of a matrix of colours"""
LARGEST = 1e3
"""of any number of a correction of colours"""


@dataclass(frozen=True)
class Calibrated:
    """One camera."""

    K: Doubles
    """(3, 3) pixels"""
    T_camera_world: Doubles
    """(4, 4) OpenCV's axes"""
    size: tuple[int, int] | None
    """width and height that ``K`` is for; None: of the pictures as they are in their files"""


def read_cameras(path: Path) -> dict[str, Calibrated]:
    """The cameras of ``path`` by their serial numbers, in its order. Raises CaptureError for anything else."""
    data = read_json(path, CaptureError, "the cameras of NeRSemble")
    poses = data.get("world_2_cam") if isinstance(data, dict) else None
    if not isinstance(poses, dict) or not poses:
        raise CaptureError(f"{path}: no world_2_cam, expected a matrix of each camera by its serial number")
    given, out = data.get("intrinsics"), {}
    for serial, rows in poses.items():
        where = f"{path}: camera {printable(serial[:40])}"
        matrix = _matrix(where, "world_2_cam", rows, (4, 4))
        if not np.allclose(matrix[3], [0, 0, 0, 1], atol=1e-6):
            raise CaptureError(f"{where}: the last row of world_2_cam is not 0 0 0 1")
        if isinstance(given, dict) and serial not in given:
            raise CaptureError(f"{where}: no intrinsics")
        K = _matrix(where, "intrinsics", given[serial] if isinstance(given, dict) else given, (3, 3))
        if not np.allclose(K[[0, 1, 2, 2, 2], [1, 0, 0, 1, 2]], [0, 0, 0, 0, 1], atol=1e-4):
            raise CaptureError(f"{where}: intrinsics is no matrix of a pinhole")
        T = rigid(where, "world_2_cam", matrix[:3, :3], matrix[:3, 3])
        out[serial] = Calibrated(K, T, None if isinstance(given, dict) else _size(path, data))
    return out


def affine_colours(path: Path) -> AffineColours:
    """The correction of a camera of version 1, a matrix (3, 4) or larger. Raises CaptureError for anything else."""
    matrix = read_npy(path, CaptureError, "a correction of colours", MOST)
    if matrix.ndim != 2 or matrix.shape[0] < 3 or matrix.shape[1] != 4 or matrix.dtype.kind not in "fiu":
        raise CaptureError(f"{path}: an array of the shape {matrix.shape}, expected 3x4 numbers of colours")
    _check(str(path), matrix)
    return AffineColours(matrix[:3, :3].astype(np.float64), matrix[:3, 3].astype(np.float64))


def linear_colours(path: Path) -> Mapping[str, ColourCorrection]:
    """The corrections of version 2 by serial number. Raises CaptureError for what is none."""
    data = read_json(path, CaptureError, "corrections of colours")
    if not isinstance(data, dict):
        raise CaptureError(f"{path}: expected a matrix of colours of each camera by its serial number")
    found: dict[str, ColourCorrection] = {}
    for serial, rows in data.items():
        where = f"{path}: camera {printable(serial[:40])}"
        terms = len(rows[0]) if isinstance(rows, list) and rows and isinstance(rows[0], list) else 0
        matrix = _matrix(where, "its matrix", rows, (3, terms))
        if terms not in TERMS:
            raise CaptureError(f"{where}: a polynomial of {terms} terms, expected one of {', '.join(map(str, TERMS))}")
        _check(where, matrix)
        found[serial] = PolynomialColours(matrix)
    return found


def _size(path: Path, data: Mapping[str, Any]) -> tuple[int, int]:
    sides = []
    for name, usual in (("width", WIDTH), ("height", HEIGHT)):
        side = data.get(name, usual)
        if isinstance(side, bool) or not isinstance(side, (int, float)) or not 0 < side < 1 << 16 or side != int(side):
            raise CaptureError(f"{path}: {name} is {printable(repr(side))[:40]}, expected a number of pixels")
        sides.append(int(side))
    return sides[0], sides[1]


def _check(where: str, matrix: Doubles) -> None:
    if not (np.isfinite(matrix).all() and np.abs(matrix).max() <= LARGEST):
        raise CaptureError(f"{where}: a correction of colours with values that are not finite, or too large")


def _matrix(where: str, name: str, rows: Any, shape: tuple[int, int]) -> Doubles:
    try:
        matrix = np.array(rows, np.float64) if isinstance(rows, list) else None
    except (TypeError, ValueError, OverflowError):
        matrix = None
    if matrix is None or matrix.shape != shape:
        raise CaptureError(f"{where}: {name} is no {shape[0]}x{shape[1] or 'N'} matrix of numbers")
    if not np.isfinite(matrix).all():
        raise CaptureError(f"{where}: {name} holds values that are not finite")
    return matrix

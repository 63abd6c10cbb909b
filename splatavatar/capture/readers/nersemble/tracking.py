"""FLAME of the benchmark ``mono_flame_avatar`` of NeRSemble.

It turns the head outside of FLAME: vertices are scaled, turned by Euler angles about the new x, y and z, and moved into
the world of the cameras. Cameras that go round a head which stands still show the same to the last bit; FLAME's root
then rests, and lengths are FLAME's metres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.arrays import read_npz
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.readers.flame.parameters import flame_parameters
from splatavatar.errors import RigError
from splatavatar.rotations import rotation_matrices

FILES = ("tracking/flame2023_tracking_v2.npz", "tracking/flame2023_tracking.npz")
"""the first goes before: bodies and lips are better in it"""
ROWS = {"expression": 100, "rotation": 3, "translation": 3, "jaw": 3, "neck": 3, "eyes": 6}
NAMES = (*ROWS, "shape", "scale", "frames")
EXPECTED = "a tracking of NeRSemble's benchmark"


@dataclass(frozen=True)
class Tracking:
    """FLAME over the T tracked timesteps of a sequence."""

    row: Mapping[int, int]
    """which of them a frame of its films is"""
    shape: Doubles
    rows: dict[str, Doubles]
    """(T, N) each of ``ROWS``"""
    T_world_flame: Doubles
    """(T, 4, 4) rotation and translation"""
    scale: float
    """of the head, before it is turned"""

    def seen_from(self, T_camera_world: Doubles, row: int) -> Doubles:
        """(4, 4) from FLAME to the camera at one of the timesteps.

        FLAME is scaled before, which a camera does not see: everything is as many times nearer instead.
        """
        T: Doubles = T_camera_world @ self.T_world_flame[row]
        T[:3, 3] /= self.scale
        return T


def find_tracking(folder: Path) -> Path | None:
    """The file of the tracking of the sequence in ``folder``; None where there is none."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def read_tracking(path: Path, count: int) -> Tracking:
    """The tracking in ``path`` of a sequence whose films have ``count`` frames. Raises RigError for anything else."""
    arrays = read_npz(path, RigError, NAMES, EXPECTED)
    rows = {name: _numbers(path, arrays, name) for name in ROWS}
    T = len(rows["expression"])
    for name, values in rows.items():
        if values.shape != (T, ROWS[name]):
            shape = "x".join(map(str, values.shape))
            raise RigError(f"{path}: {name} is of the shape {shape}, expected {T}x{ROWS[name]}")
    scale = float(_numbers(path, arrays, "scale").ravel()[0]) if arrays.get("scale") is not None else 1.0
    if not 1e-3 < scale < 1e3:
        raise RigError(f"{path}: scale is {scale:g}, expected about 1")
    turn = np.broadcast_to(np.eye(3), (T, 3, 3))
    for axis in range(3):
        turn = turn @ rotation_matrices(rows["rotation"][:, [axis]] * np.eye(3)[axis])
    moved = np.tile(np.eye(4), (T, 1, 1))
    moved[:, :3, :3], moved[:, :3, 3] = turn, rows["translation"]
    row = {int(frame): at for at, frame in enumerate(_frames(path, arrays, T, count))}
    return Tracking(row, _numbers(path, arrays, "shape").ravel(), rows, moved, scale)


def parameters_of(trackings: Sequence[tuple[Tracking, Sequence[int]]], where: str) -> RigParameters:
    """The rig parameters of chosen rows of some trackings, one after the other; the shape is that of the first.

    Raises RigError for what is none of FLAME's.
    """
    stacked = {name: np.concatenate([t.rows[name][list(rows)] for t, rows in trackings]) for name in ROWS}
    return flame_parameters(
        where,
        "nersemble",
        trackings[0][0].shape,
        stacked["expression"],
        {
            "neck": stacked["neck"],
            "jaw": stacked["jaw"],
            "left_eye": stacked["eyes"][:, :3],
            "right_eye": stacked["eyes"][:, 3:],
        },
    )


def _frames(path: Path, arrays: dict[str, NDArray[Any]], timesteps: int, count: int) -> NDArray[np.int64]:
    if count == timesteps:
        return np.arange(timesteps)
    frames = arrays.get("frames")
    if frames is None or frames.dtype.kind not in "iu" or frames.shape != (timesteps,):
        raise RigError(f"{path}: {timesteps} timesteps, the films have {count} frames")
    if timesteps and not (int(frames.min()) >= 0 and int(frames.max()) < count and len(np.unique(frames)) == timesteps):
        raise RigError(f"{path}: frames names some that the films, of {count} frames, do not have, or some twice")
    return frames.astype(np.int64)


def _numbers(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> Doubles:
    values = arrays.get(name)
    if values is None:
        raise RigError(f"{path}: no array {name!r}, expected {EXPECTED}")
    if values.dtype.kind not in "fiu" or not values.size:
        raise RigError(f"{path}: {name} holds {values.dtype}, expected numbers")
    if not np.isfinite(values).all():
        raise RigError(f"{path}: {name} holds values that are not finite")
    return values.astype(np.float64)

"""A recording as parameters of FLAME, with the names that VHAP writes: ``sources/recorded/flame_npz.py`` reads it back.

The coefficients become expression, jaw and eyes by the map of the rig ``flame``, which needs the user's own file. The
turn of the head is the neck's; the file has one rate and no times.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import Recording
from splatavatar.output import atomic_write
from splatavatar.rig.loader import load_rig


def write_flame_npz(path: Path, recording: Recording) -> None:
    """Write ``recording`` as T frames at its rate: ``expr`` (T, E) in standard deviations, ``rotation``, ``neck_pose``,
    ``jaw_pose`` (T, 3) and ``eyes_pose`` (T, 6) axis-angle in radians, ``translation`` (T, 3) metres, ``shape`` (300),
    zeros, and ``fps``.

    Raises RigError where the user has no file of FLAME, OutputError.
    """
    rig = load_rig("flame", {})
    poses = [retarget(recording.frame(number), rig) for number in range(len(recording))]
    turns = np.stack([pose.joint_rotations for pose in poses])
    at = np.arange(1 + int(np.rint((recording.time[-1] - recording.time[0]) * recording.fps))) / recording.fps
    time = recording.time - recording.time[0]
    rows = {
        "expr": np.stack([pose.expression for pose in poses]),
        "rotation": turns[:, 0],
        "neck_pose": turns[:, 1],
        "jaw_pose": turns[:, 2],
        "eyes_pose": turns[:, 3:5].reshape(len(turns), 6),
        "translation": recording.head_translation,
    }
    arrays: dict[str, Any] = {name: _at(at, time, values).astype(np.float32) for name, values in rows.items()}
    with atomic_write(path) as file:
        np.savez(file, **arrays, shape=np.zeros(300, np.float32), fps=np.array(recording.fps))


def _at(at: Doubles, time: Doubles, values: np.ndarray) -> Doubles:
    """The ``values`` (T, C) of ``time`` (T) at other times, linearly between them."""
    return np.stack([np.interp(at, time, column) for column in values.T.astype(np.float64)], 1)

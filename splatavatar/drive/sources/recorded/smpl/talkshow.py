"""TalkSHOW's motions: an npy file of rows of 265 numbers of SMPL-X.

They are the jaw, the left and the right eye, the root, 21 joints of the body, the left and the right hand, all in
axis-angle, and 100 components of the expression. Frames come at 30 a second, as those of the show that it learnt from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.arrays import read_npy
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.smpl.parameters import body_motion
from splatavatar.drive.sources.recorded.smpl.recording import body_recording
from splatavatar.errors import SignalError

COLUMNS = 265
EXPECTED = "a motion of TalkSHOW, an npy file of rows of 265 numbers"
FPS = 30.0
MOST = 1 << 29
"""bytes of the array"""


def read_talkshow(path: Path) -> Recording:
    """The motion in ``path``. Raises SignalError."""
    rows = read_npy(path, SignalError, EXPECTED, MOST)
    if rows.ndim != 2 or rows.shape[1] != COLUMNS:
        raise SignalError(f"{path}: an array of the shape {rows.shape}, expected {EXPECTED}.")
    parts = {
        "jaw_pose": rows[:, 0:3],
        "leye_pose": rows[:, 3:6],
        "reye_pose": rows[:, 6:9],
        "body_pose": rows[:, 12:75],
        "expression": rows[:, 165:265],
        "fps": np.array(FPS),
    }
    return body_recording(body_motion(parts, str(path)), str(path))

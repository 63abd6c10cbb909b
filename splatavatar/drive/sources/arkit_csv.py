"""Plain CSV: a header with the names of ARKit's coefficients, one row a frame.

A column ``time`` (or ``timestamp``) has seconds, ``time_ms`` (``timestamp_ms``) milliseconds; without them the frames
play at 30 a second. ``frame`` and ``index`` are ignored. ``headYaw``, ``headPitch`` and ``headRoll`` are radians, with
the signs that ``livelink_csv`` describes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.drive.rotation import axis_angle_from_yaw_pitch_roll
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.checked import checked, frame_rate
from splatavatar.drive.sources.columns import to_arkit
from splatavatar.drive.sources.csv_table import numbers, read_table
from splatavatar.errors import SignalError

DEFAULT_FPS = 30.0
SECONDS = {"time": 1.0, "timestamp": 1.0, "time_ms": 1e-3, "timestamp_ms": 1e-3}
COUNTERS = frozenset({"frame", "index", ""})
HEAD = ("headYaw", "headPitch", "headRoll")


def read_arkit_csv(path: Path) -> Recording:
    """Read ``path``. Raises SignalError."""
    source = str(path)
    header, rows = read_table(path)
    columns = [i for i, name in enumerate(header) if name not in COUNTERS]
    coefficients = [i for i in columns if header[i] not in SECONDS and header[i] not in HEAD]
    # Of the names first, before all the numbers are read.
    to_arkit([header[i] for i in coefficients], np.zeros((0, len(coefficients))), source)
    if not rows:
        raise SignalError(f"{source}: no frames.")
    values = np.zeros((len(rows), len(header)))
    for index, row in enumerate(rows):
        values[index, columns] = numbers(row, columns, len(header), index + 2, source)
    clocks = [i for i in columns if header[i] in SECONDS]
    time = values[:, clocks[0]] * SECONDS[header[clocks[0]]] if clocks else np.arange(len(rows)) / DEFAULT_FPS
    head = [values[:, header.index(name)] if name in header else np.zeros(len(rows)) for name in HEAD]
    return checked(
        Recording(
            time=time - time[0],
            arkit=to_arkit([header[i] for i in coefficients], values[:, coefficients], source),
            head_rotation=axis_angle_from_yaw_pitch_roll(*head).astype(np.float32),
            head_translation=np.zeros((len(rows), 3), np.float32),
            gaze=np.zeros((len(rows), 2, 2), np.float32),
            confidence=np.ones(len(rows), np.float32),
            fps=frame_rate(time),
        ),
        source,
    )

"""Plain tables: a header with the names of ARKit's coefficients, one row a frame.

Names are read by their meaning (``spelling``): NVIDIA's Audio2Face writes ``blendShapes.JawOpen``. A column ``time``,
``timestamp`` or ``timeCode`` has seconds or timecodes, ``time_ms`` and its like name another unit; without them the
frames play at 30 a second. Row numbers are ignored, and so is, with one line in the log, what means nothing to a face.
``headYaw``, ``headPitch``, ``headRoll`` and the angles of the eyes are radians, with the signs of ``livelink_csv``.
"""

from __future__ import annotations

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import assembled
from splatavatar.drive.sources.recorded.csv_table import Table
from splatavatar.drive.sources.recorded.table_frames import read_frames, times_of


def read_arkit_csv(table: Table) -> Recording:
    """The face in ``table``. Raises SignalError."""
    frames = read_frames(table)
    return assembled(
        table.source,
        times_of(frames, table.source),
        frames.arkit,
        frames.head_rotation,
        gaze=frames.gaze,
        confidence=frames.confidence,
    )

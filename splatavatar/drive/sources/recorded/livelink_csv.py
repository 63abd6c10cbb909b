"""A take of Epic's Live Link Face app: one CSV row a frame, columns found by their header.

``Timecode`` is that of ``timecode``. The angles are radians. Their signs:

* eyes: ``LeftEyeYaw`` and ``RightEyeYaw`` grow to the subject's right and the pitches downwards, as the eyeLook
  coefficients of the same rows show (correlation 0.95 and 0.94 in a real take), so both are negated for our gaze (left
  and up positive);
* head: rotations about the rig's own axes, ``HeadPitch`` about +X (nose down), ``HeadYaw`` about +Y (to the subject's
  left), ``HeadRoll`` about +Z, applied roll first, yaw last. The yaw is measured: in recorded packets of a face that
  watches its phone the eyes counter-turn with a gain of 0.77. Pitch and roll follow from the axes of Apple's face
  anchor, whose frame is the rig frame.

Rows during which the app saw no face have a ``BlendShapeCount`` (since version 1.3 of the app ``BlendshapeCount``) of 0
(values zero or absent): they rest with confidence 0.
"""

from __future__ import annotations

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import assembled
from splatavatar.drive.sources.recorded.csv_table import Table
from splatavatar.drive.sources.recorded.table_frames import COUNT, TIMECODE, columns_of, read_frames, times_of
from splatavatar.errors import SignalError


def is_livelink(table: Table) -> bool:
    """Whether a table is a take of the app: it counts the coefficients of its rows."""
    return COUNT in columns_of(table)


def read_livelink_csv(table: Table) -> Recording:
    """The face in ``table``. Raises SignalError."""
    if TIMECODE not in columns_of(table):
        raise SignalError(f"{table.source}: no column 'Timecode'; expected a take of the Live Link Face app.")
    frames = read_frames(table)
    return assembled(
        table.source,
        times_of(frames, table.source),
        frames.arkit,
        frames.head_rotation,
        gaze=frames.gaze,
        confidence=frames.confidence,
    )

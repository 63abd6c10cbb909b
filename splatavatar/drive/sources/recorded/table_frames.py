"""The frames of a table: its numbers by the meaning of their columns."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.array_types import Doubles, Floats
from splatavatar.drive.sources.recorded.checked import MOST_FRAMES, check_length
from splatavatar.drive.sources.recorded.clock import DEFAULT_FPS
from splatavatar.drive.sources.recorded.columns import arkit_columns, to_arkit
from splatavatar.drive.sources.recorded.csv_table import Table, is_number
from splatavatar.drive.sources.recorded.spelling import meant
from splatavatar.drive.sources.recorded.timecode import seconds_of
from splatavatar.errors import SignalError
from splatavatar.rotations import axis_angle_from_yaw_pitch_roll

HEAD = ("headyaw", "headpitch", "headroll")
EYES = ("lefteyeyaw", "lefteyepitch", "righteyeyaw", "righteyepitch")
ROLLS = ("lefteyeroll", "righteyeroll")
"""a torsion of the eyeball: not part of a face signal"""
COUNT = "blendshapecount"
TIMECODE = "timecode"
COUNTERS = ("", "frame", "index", "framenumber", "frameindex", "frameid", "unnamed0")
UNITS = {
    **dict.fromkeys(("", "s", "sec", "secs", "seconds", "inseconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds", "inmilliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), 1e-9),
}
CLOCKS = {
    **{f"{name}{unit}": scale for name in ("time", "timestamp", TIMECODE) for unit, scale in UNITS.items()},
    **{unit: UNITS[unit] for unit in ("seconds", "milliseconds", "microseconds", "nanoseconds")},
}
"""names of a column of times, and the seconds of its unit"""
KNOWN = {name: name for name in (*HEAD, *EYES, *ROLLS, *CLOCKS, *COUNTERS, COUNT)}
FULL_TURN = 2 * np.pi
"""radians beyond which an angle is none of a head or an eye"""


@dataclass(frozen=True)
class TableFrames:
    """What a table says of T frames."""

    clock: list[str]
    """what stands in the column of times, one a frame; empty without one"""
    unit: float
    """seconds of its unit, as the column is named"""
    lines: list[int]
    """in the file"""
    arkit: Floats
    """(T, 52) in [0, 1]"""
    head_rotation: Floats
    """(T, 3)"""
    gaze: Floats
    """(T, 2, 2)"""
    confidence: Floats
    """(T) 1, or 0 where no face was seen"""


def columns_of(table: Table) -> dict[str, int]:
    """The columns of clocks, head and eyes by their meaning. Raises SignalError for one that occurs twice."""
    found: dict[str, int] = {}
    for at, name in enumerate(table.names):
        meaning = meant(name, KNOWN)
        if meaning is None or meaning in COUNTERS:
            continue
        if meaning in found:
            raise SignalError(f"{table.source}: the column {name!r} occurs twice.")
        found[meaning] = at
    return found


def read_frames(table: Table) -> TableFrames:
    """All frames of ``table``. A row without a face has a count of 0, or no number for any coefficient.

    Raises SignalError for coefficients that are missing, rows that are damaged, and angles that are no radians.
    """
    source, column = table.source, columns_of(table)
    others = [at for at, name in enumerate(table.names) if meant(name, KNOWN) is None]
    order = arkit_columns([table.names[at] for at in others], source)
    angles = [name for name in (*HEAD, *EYES) if name in column]
    wanted = [others[at] for at in order if at >= 0]
    numeric = wanted + [column[name] for name in angles]
    clock = next((name for name in CLOCKS if name in column), None)
    count = column.get(COUNT)
    texts: list[str] = []
    lines: list[int] = []
    here: list[bool] = []
    numbers, blank = array("d"), [0.0] * len(numeric)
    for line, cells in table.rows():
        if len(lines) == MOST_FRAMES:
            check_length(MOST_FRAMES + 1, source)
        absent = count is not None and count < len(cells) and _is_zero(cells[count])
        absent = absent or (_is_blank(cells, wanted[0]) and all(_is_blank(cells, at) for at in wanted))
        numbers.extend(blank if absent else table.numbers(cells, numeric, line))
        here.append(not absent)
        lines.append(line)
        if clock is not None:
            texts.append(cells[column[clock]] if column[clock] < len(cells) else "")
    check_length(len(lines), source)
    values = np.frombuffer(numbers, np.float64).reshape(len(lines), len(numeric))
    place = np.where(order >= 0, np.cumsum(order >= 0) - 1, -1)
    arkit = to_arkit(values[:, : len(wanted)], place, source)
    turned = {name: _radians(name, values[:, len(wanted) + at], source) for at, name in enumerate(angles)}
    head, eyes = (np.stack([turned.get(name, np.zeros(len(lines))) for name in names], 1) for names in (HEAD, EYES))
    return TableFrames(
        texts,
        1.0 if clock is None else CLOCKS[clock],
        lines,
        arkit,
        axis_angle_from_yaw_pitch_roll(*head.T).astype(np.float32),
        (-eyes.reshape(-1, 2, 2) + 0.0).astype(np.float32),  # no negative zeros
        np.array(here, np.float32),
    )


def times_of(frames: TableFrames, source: str) -> Doubles:
    """The seconds (T): numbers in the unit of their column, timecodes, or 30 frames a second where there are none.

    Raises SignalError for a time that is neither.
    """
    if not frames.clock:
        return np.arange(len(frames.lines)) / DEFAULT_FPS
    if not is_number(frames.clock[0]):
        return seconds_of(frames.clock, frames.lines, Path(source))
    time = np.empty(len(frames.lines))
    for index, text in enumerate(frames.clock):
        try:
            time[index] = float(text.replace(",", "."))
        except ValueError as error:
            raise SignalError(
                f"{source}: line {frames.lines[index]} has the time {text[:40]!r}, expected a number of seconds."
            ) from error
    return time * frames.unit


def _radians(name: str, angle: Doubles, source: str) -> Doubles:
    fits = np.abs(angle) <= FULL_TURN  # not NaN
    if not fits.all():
        frame = int(np.argmin(fits))
        raise SignalError(f"{source}: {name} is {angle[frame]:g} in frame {frame}, expected radians.")
    return angle


def _is_zero(cell: str) -> bool:
    return cell.strip("0.,") == "" and "0" in cell


def _is_blank(cells: list[str], at: int) -> bool:
    return at >= len(cells) or cells[at].lower() in ("", "nan", "null", "none", "na")

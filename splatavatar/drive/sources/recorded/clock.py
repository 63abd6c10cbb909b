"""The times of a recording: in seconds, from 0, each later than the one before.

Programs write times in several units, and recorders lose, repeat and reorder frames. What can only be meant in one way
is taken so and said; the rest is refused with what to do.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.errors import SignalError

LOG = logging.getLogger("splatavatar")

DEFAULT_FPS = 30.0
"""of frames without times"""
NTSC = 1001.0 / 1000.0
FARTHEST = 1e19
"""of a time in any unit: beyond nanoseconds since 1970"""
SLOWEST = 0.5
"""seconds from frame to frame, from which on they are not the time of a face but a number of something else"""
UNITS = ((1e-3, "milliseconds"), (1e-6, "microseconds"), (1e-9, "nanoseconds"))
QUICKEST, LONGEST_STEP = 1 / 125, 0.2
"""seconds from frame to frame between which another unit is believed: 5 to 125 frames a second"""
STATED = 4.0
"""frames of the rate that a file states, within which two frames follow each other"""
COARSE = 0.25
"""share of the frames that repeat the time before, from which on the clock counts in coarser steps than they come"""
MOST_LATE, MOST_BACK = 0.1, 1.0
"""share of the frames that may come late, and seconds by which: datagrams overtake each other"""
GAP = 10.0
"""seconds without a frame that are said"""
LONGEST = 48 * 3600.0
"""seconds of a recording at most"""


def increasing(time: Doubles, source: str, fps: float | None = None) -> tuple[Doubles, NDArray[np.intp]]:
    """Times (K) in seconds, from 0 and increasing, and the indices (K) of the frames that they belong to.

    ``time`` (T) is finite; ``fps`` is what the file states. A time that another unit alone explains is taken in that
    unit. Where most frames share their time with others, they are spread evenly. A few that repeat an earlier time or
    come late are left out. Each is said in one line of the log.

    Raises SignalError for times that stand still, go back, or are as far apart as no frames of a face are.
    """
    far = np.abs(time) > FARTHEST
    if far.any():
        frame = int(np.argmax(far))
        raise SignalError(f"{source}: time is {time[frame]:g} in frame {frame}; expected seconds.")
    time = _spread(time)
    before = np.maximum.accumulate(time)
    kept = np.flatnonzero(np.r_[True, time[1:] > before[:-1]])
    back, dropped = float((before - time).max()), len(time) - len(kept)
    late = int(np.argmax(np.diff(time) <= 0)) + 1 if dropped else 0
    if len(kept) == 1 and dropped:
        raise SignalError(f"{source}: time does not increase at frame {late}.")
    time = time[kept] - time[0]
    steps = np.diff(time)
    scale = _unit(float(np.median(steps)), source, fps) if len(steps) else 1.0
    time, steps, back = time * scale, steps * scale, back * scale
    if back > 0 and (back > MOST_BACK or dropped > MOST_LATE * len(before)):
        raise SignalError(
            f"{source}: time does not increase at frame {late}: it goes back by {back:g} seconds; expected the frames "
            f"of one take in their order."
        )
    widest = int(np.argmax(steps)) if len(steps) else 0
    if time[-1] > LONGEST:
        raise SignalError(
            f"{source}: a recording of {time[-1] / 86400:.3g} days: time jumps by {steps[widest]:g} seconds at frame "
            f"{kept[widest + 1]}; expected {LONGEST / 3600:.0f} hours at most."
        )
    if dropped:
        LOG.warning("%s: %d of %d frames repeat an earlier time and are left out.", source, dropped, len(before))
    if len(steps) and steps[widest] > GAP:
        LOG.warning(
            "%s: no frames for %.4g seconds after second %.4g; the face is held meanwhile.",
            source,
            steps[widest],
            time[widest],
        )
    return time, kept


def _spread(time: Doubles) -> Doubles:
    """Times of a clock that counts in coarser steps than frames come, with the frames of a step evenly within it.

    Others, in which fewer than ``COARSE`` of the frames repeat the time before, stay as they are.
    """
    steps = np.diff(time)
    if len(steps) == 0 or steps.min() < 0 or not COARSE * len(steps) <= np.count_nonzero(steps == 0) < len(steps):
        return time
    begins = np.flatnonzero(np.r_[True, steps > 0])
    counts = np.diff(np.r_[begins, len(time)])
    lengths = np.diff(time[begins])
    # Of whole steps of the clock; the first and the last one are cut off by the recording.
    inner = lengths[1:] / counts[1:-1] if len(lengths) > 1 else lengths / max(counts)
    usual = float(np.median(inner))
    each = np.r_[usual, np.minimum(lengths[1:] / counts[1:-1], 1.5 * usual), usual]
    place = np.arange(len(time)) - np.repeat(begins, counts)
    spread = np.repeat(time[begins], counts) + place * np.repeat(each, counts)
    spread[: counts[0]] = time[begins[1]] - usual * np.arange(counts[0], 0, -1)
    return np.asarray(spread)


def _unit(step: float, source: str, fps: float | None) -> float:
    """Seconds of the unit in which frames are ``step`` apart."""
    if step < SLOWEST or (fps is not None and step * fps <= STATED):
        return 1.0
    for scale, name in UNITS:
        if QUICKEST <= step * scale <= LONGEST_STEP:
            LOG.warning("%s: its frames are %.6g apart in time, which is taken for %s.", source, step, name)
            return scale
    raise SignalError(
        f"{source}: its frames are {step:g} seconds apart, as those of a face are not; give the time in seconds with "
        f"their fractions, or leave it out where frames are {DEFAULT_FPS:g} a second."
    )


def frame_rate(time: Doubles) -> float:
    """Frames a second of increasing ``time`` (T) in seconds: gaps of dropped frames do not count, and a rate within
    0.03 % of a whole or NTSC (n * 1000 / 1001) number is that number. One frame alone counts as 30 a second.
    """
    steps = np.diff(time)
    if len(steps) == 0:
        return DEFAULT_FPS
    # The least of numbers have no finite reciprocal; a rate beyond 1000 is refused by ``checked``.
    rate = 1.0 / max(float(steps[steps <= 1.5 * np.median(steps)].mean()), 1e-9)
    exact = min((round(rate), round(rate * NTSC) / NTSC), key=lambda candidate: abs(candidate - rate))
    return float(exact) if exact > 0 and abs(exact - rate) < 3e-4 * rate else rate

"""Timecodes as seconds: ``HH:MM:SS:FF.sub``, whose frame field counts at a rate of its own.

That rate is not the one at which rows come, and nothing states it: it is read from where the field wraps. Live Link
Face offers 24, 25, 30 and 60, and writes fractions of a frame behind it. A semicolon before FF, or labels that skip
frames 0 and 1 of a minute, is drop-frame: 29.97 or 59.94 frames a second.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.drive.sources.recorded.clock import NTSC
from splatavatar.errors import SignalError
from splatavatar.input import read_json

LOG = logging.getLogger("splatavatar")

CODE = re.compile(r"(\d{1,3})[:;](\d{1,2})[:;](\d{1,2})(?:([:;])(\d{1,4}(?:[.,]\d{0,9})?)|[.,](\d{1,9}))?", re.ASCII)
DAY = 24 * 3600.0
RATES = (24, 25, 30, 48, 50, 60, 100, 120, 1000)
"""at which frame fields count, the last one milliseconds"""
OFFERED = (24, 25, 30, 60)
"""by Live Link Face"""
ASSUMED = 60
"""its first choice"""
DROPPED = {30: 2, 60: 4}
"""labels that drop-frame skips at every minute but the tenth ones"""
CLOSE = 0.5
"""frames that a wrap may be off a rate to speak for it"""
LEAST = 0.05
"""seconds of the frame field between two timecodes, from which on their clock shows its rate"""
BEYOND = 0.02
"""share of the labels whose frame may lie beyond its second"""
TAKE = "take.json"
"""that the app writes beside its table"""


def seconds_of(codes: Sequence[str], lines: Sequence[int], path: Path) -> Doubles:
    """The seconds (T) of timecodes (T) in the ``lines`` of the file at ``path``; after midnight they go on.

    Where the take does not show at which rate its frame field counts, ``take.json`` beside it is asked, and else a rate
    assumed, which is said in one line of the log.

    Raises SignalError for a text that is no timecode.
    """
    whole, frames = np.empty(len(codes)), np.zeros(len(codes))
    counted = semicolon = False
    for index, (code, line) in enumerate(zip(codes, lines, strict=True)):
        match = CODE.fullmatch(code.strip())
        if match is None or int(match[2]) > 59 or int(match[3]) > 59:
            raise SignalError(
                f"{path}: line {line} has the timecode {code[:40]!r}, expected HH:MM:SS:FF.sub or seconds."
            )
        whole[index] = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
        if match[5]:
            counted, semicolon = True, semicolon or match[4] == ";"
            frames[index] = float(match[5].replace(",", "."))
        elif match[6]:
            whole[index] += float(f"0.{match[6]}")
    whole[1:] += DAY * np.cumsum(np.diff(whole) < -DAY / 2)
    if not counted:
        return whole
    rate = _rate(whole, frames, path)
    if rate in DROPPED and (semicolon or _skips(whole, frames, rate)):
        minutes = np.floor(whole / 60)
        labels = whole * rate + frames - DROPPED[rate] * (minutes - np.floor(minutes / 10))
        return np.asarray(labels * NTSC / rate)
    return whole + frames / rate


def _rate(whole: Doubles, frames: Doubles, path: Path) -> int:
    """Frames of the field in one of its seconds."""
    most = int(frames.max())
    found = _from_wraps(whole, frames)
    if found is not None:
        # A few labels beyond their second are rounded or damaged, and say nothing against a rate.
        fit = [rate for rate in RATES if np.count_nonzero(frames >= rate) <= BEYOND * len(frames)]
        near = min(fit, default=0, key=lambda rate: abs(rate - found))
        if abs(near - found) <= max(CLOSE, 0.02 * found):
            return near
        if round(found) == most + 1:  # a rate that nobody else uses, and every second of the take says it
            return most + 1
    stated = _from_take(path.with_name(TAKE), whole[0], most)
    if stated is not None:
        return stated
    possible = [rate for rate in OFFERED if rate > most]
    if np.ptp(frames) == 0 or (found is None and len(possible) == 1):
        return ASSUMED
    rate = ASSUMED if ASSUMED in possible else most + 1
    if found is not None:
        rate = min(possible, default=rate, key=lambda rate: abs(rate - found))
    LOG.warning(
        "%s: its timecodes do not show how many of their frames make a second; %d is assumed (a take of several "
        "seconds or %s beside it would show it).",
        path,
        rate,
        TAKE,
    )
    return rate


def _from_wraps(whole: Doubles, frames: Doubles) -> float | None:
    """Frames of a second, as the middle one of all steps from one second to the next says; None without any."""
    seconds, steps = np.diff(whole), np.diff(frames)
    within = steps[(seconds == 0) & (steps > 0)]
    across = steps[seconds == 1]
    if len(within) == 0 or len(across) == 0:
        return None
    return float(np.median(within) - np.median(across))


def _skips(whole: Doubles, frames: Doubles, rate: int) -> bool:
    """Whether the first labels of every minute but the tenth ones are left out, and one such minute is seen."""
    step = float(np.median(np.diff(frames)[np.diff(whole) == 0])) if (np.diff(whole) == 0).any() else float(rate)
    minutes = np.floor(whole / 60)
    begins = np.flatnonzero((np.diff(minutes) == 1) & (np.diff(whole) == 1)) + 1
    begins = begins[minutes[begins] % 10 != 0]
    first, before, skipped = frames[begins], frames[begins - 1], DROPPED[rate]
    skips = (first >= skipped) & (first < skipped + step) & (before >= rate - step - 1e-6)
    return bool(len(begins) and skips.all())


def _from_take(path: Path, first: float, most: int) -> int | None:
    """The rate by ``take.json`` of the app: its timecodes and its clock show it, or else it names that of the video.

    ``first`` is the second in which the table begins: the description may be that of another take.
    """
    try:
        take = read_json(path, SignalError)
    except SignalError:
        return None
    if not isinstance(take, dict):
        return None
    labels = [_label(take.get(name)) for name in ("startTimecode", "endTimecode")]
    clocks = [_clock(take.get(name)) for name in ("startTimestamp", "endTimestamp")]
    (second, frame), (last_second, last_frame) = labels
    if abs(second - first) > 1:
        return None
    beyond = clocks[1] - clocks[0] - (last_second - second)
    candidates = [take.get("videoTargetFrameRate")]
    if abs(beyond) > LEAST:  # False for NaN
        candidates.insert(0, (last_frame - frame) / beyond)
    for candidate in candidates:
        if isinstance(candidate, int | float):
            near = [rate for rate in RATES if rate > most and abs(rate - candidate) <= 0.02 * rate]
            if near:
                return min(near, key=lambda rate: abs(rate - candidate))
    return None


def _label(code: Any) -> tuple[float, float]:
    """Second and frame of a timecode; NaN for anything else."""
    match = CODE.fullmatch(code.strip()) if isinstance(code, str) else None
    if match is None or not match[5]:
        return np.nan, np.nan
    return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3]), float(match[5].replace(",", "."))


def _clock(stamp: Any) -> float:
    """Seconds of ``{"value": ..., "timescale": ...}``; NaN for anything else."""
    if not isinstance(stamp, dict):
        return np.nan
    value, scale = stamp.get("value"), stamp.get("timescale")
    if isinstance(value, int | float) and isinstance(scale, int | float) and scale > 0:
        return value / scale
    return np.nan

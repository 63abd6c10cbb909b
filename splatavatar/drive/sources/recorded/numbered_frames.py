"""Folders with one file a frame, in the order of their numbers."""

from __future__ import annotations

import logging
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import SignalError
from splatavatar.input import why_unread
from splatavatar.natural import natural

LOG = logging.getLogger("splatavatar")

ONE_NUMBER = re.compile(r"(?P<series>.*?)(?P<number>[0-9]{1,15})")
NUMBER_AND_PERSON = re.compile(r"(?P<number>[0-9]{1,15})_(?P<series>[0-9]{1,9})")
"""00012_0: frame and person, as trackers of several people name what they write"""


def numbered_frames(folder: Path, suffix: str, expected: str) -> tuple[list[Path], NDArray[np.int64]]:
    """The files of the frames in ``folder``, and the places (T) of the frames in time, from 0.

    Files without a number in their name, or with another name around it than most have, are no frames of it and left
    out. Of numbers that are missing a line of the log says how many. ``suffix`` is in lower case, and ``expected`` ends
    the sentences. Raises SignalError.
    """
    try:
        # macOS leaves a ._name beside every name on other people's disks.
        found = [p for p in folder.iterdir() if p.suffix.lower() == suffix and not p.name.startswith(".")]
    except OSError as error:
        raise SignalError(f"{folder}: {why_unread(error)}, expected {expected}.") from error
    if not found:
        raise SignalError(f"{folder}: a folder without {suffix[1:]} files, expected {expected}.")
    found.sort(key=natural)
    several = [series for pattern in (NUMBER_AND_PERSON, ONE_NUMBER) for series in _series(found, pattern)]
    frames = max(several, key=len, default=list(enumerate(found)))
    for (number, path), (after, other) in pairwise(frames):
        if number == after:
            raise SignalError(f"{folder}: {path.name} and {other.name} are both frame {number}; keep one of them.")
    if len(frames) < len(found):
        chosen = {path for _, path in frames}
        other = next(path for path in found if path not in chosen)
        LOG.warning(
            "%s: %d files such as %s are no frames of it and are left out.",
            folder,
            len(found) - len(frames),
            other.name,
        )
    ticks = ticks_of(np.array([number for number, _ in frames], np.int64))
    missing = int(ticks[-1]) + 1 - len(ticks)
    if missing:
        LOG.warning(
            "%s: %d frames are missing between %s and %s; the face is held meanwhile.",
            folder,
            missing,
            frames[0][1].name,
            frames[-1][1].name,
        )
    return [path for _, path in frames], ticks


def ticks_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places (T) in time of frames with increasing ``numbers`` (T), from 0.

    Every tenth frame of a video is a recording too, of frames that follow each other.
    """
    stride = max(int(np.gcd.reduce(np.diff(numbers))), 1) if len(numbers) > 1 else 1
    return np.asarray((numbers - numbers[0]) // stride)


def _series(files: list[Path], pattern: re.Pattern[str]) -> list[list[tuple[int, Path]]]:
    """Numbers and files, of names that differ in the number alone."""
    series: dict[str, list[tuple[int, Path]]] = {}
    for path in files:
        match = pattern.fullmatch(path.stem)
        if match is not None:
            series.setdefault(match["series"], []).append((int(match["number"]), path))
    return list(series.values())

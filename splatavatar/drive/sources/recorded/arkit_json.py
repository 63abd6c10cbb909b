"""ARKit coefficients as JSON: ``{"names": [...], "frames": [{"weights": [...], "time": seconds}, ...]}``.

This is what several web renderers of ARKit faces read. Frames may carry a ``rotation``; its convention is not written
down anywhere and the files at hand leave it empty, so it is ignored and the head stays still.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import assembled, check_length, check_rate
from splatavatar.drive.sources.recorded.clock import DEFAULT_FPS
from splatavatar.drive.sources.recorded.columns import arkit_columns, to_arkit
from splatavatar.errors import SignalError
from splatavatar.input import read_json

EXPECTED = 'a JSON object with "names" and "frames"'


def read_arkit_json(path: Path) -> Recording:
    """Read ``path``; frames without ``time`` play at the ``fps`` of the file, or at 30 a second. Raises SignalError."""
    source = str(path)
    document = read_json(path, SignalError, EXPECTED)
    if not isinstance(document, dict) or not {"names", "frames"} <= document.keys():
        raise SignalError(f"{source}: expected {EXPECTED}.")
    names, frames = document["names"], document["frames"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SignalError(f'{source}: "names" must be a list of coefficient names.')
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise SignalError(f'{source}: "frames" must be a list of objects with "weights".')
    check_length(len(frames), source)
    # Of the names first, before memory is taken for as many columns.
    column = arkit_columns(names, source)
    wanted = [at for at in column if at >= 0]
    weights = np.zeros((len(frames), len(column)))
    for index, frame in enumerate(frames):
        row = frame.get("weights")
        if not isinstance(row, list) or len(row) != len(names):
            found = f"{len(row)} weights" if isinstance(row, list) else "no weights"
            raise SignalError(f"{source}: frame {index} has {found}, expected {len(names)}.")
        weights[index, column >= 0] = [_number(row[at], index, source) for at in wanted]
    places = np.where(column >= 0, np.arange(len(column)), -1)
    timed = [index for index, frame in enumerate(frames) if frame.get("time") is not None]
    fps = None
    if len(timed) == len(frames):
        time = np.array([_number(frame["time"], index, source) for index, frame in enumerate(frames)])
    elif timed:
        without = next(index for index, frame in enumerate(frames) if frame.get("time") is None)
        raise SignalError(f"{source}: frame {without} has no time and others have; give it to all of them or to none.")
    else:
        fps = _number(document["fps"], 0, source) if document.get("fps") is not None else DEFAULT_FPS
        time = np.arange(len(frames)) / check_rate(fps, source)
    return assembled(source, time, to_arkit(weights, places, source), fps=fps)


def _number(value: Any, frame: int, source: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise SignalError(f"{source}: frame {frame} holds something that is not a number.")
    return float(value)

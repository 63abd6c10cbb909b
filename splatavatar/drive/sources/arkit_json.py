"""ARKit coefficients as JSON: ``{"names": [...], "frames": [{"weights": [...], "time": seconds}, ...]}``.

This is what several web renderers of ARKit faces read. Frames may carry a ``rotation``; its convention is not written
down anywhere and the files at hand leave it empty, so it is ignored and the head stays still.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.checked import checked, frame_rate
from splatavatar.drive.sources.columns import to_arkit
from splatavatar.errors import SignalError

DEFAULT_FPS = 30.0


def read_arkit_json(path: Path) -> Recording:
    """Read ``path``; frames without ``time`` play at 30 a second. Raises SignalError."""
    source = str(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SignalError(f"{source}: not valid JSON.") from error
    if not isinstance(document, dict) or not {"names", "frames"} <= document.keys():
        raise SignalError(f'{source}: expected a JSON object with "names" and "frames".')
    names, frames = document["names"], document["frames"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SignalError(f'{source}: "names" must be a list of coefficient names.')
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise SignalError(f'{source}: "frames" must be a list of objects with "weights".')
    if not frames:
        raise SignalError(f"{source}: no frames.")
    weights = np.empty((len(frames), len(names)))
    for index, frame in enumerate(frames):
        row = frame.get("weights")
        if not isinstance(row, list) or len(row) != len(names):
            found = f"{len(row)} weights" if isinstance(row, list) else "no weights"
            raise SignalError(f"{source}: frame {index} has {found}, expected {len(names)}.")
        weights[index] = _numbers(row, index, source)
    if all("time" in frame for frame in frames):
        time = np.array([_numbers([frame["time"]], index, source)[0] for index, frame in enumerate(frames)])
    else:
        time = np.arange(len(frames)) / DEFAULT_FPS
    T = len(frames)
    return checked(
        Recording(
            time=time - time[0],
            arkit=to_arkit(names, weights, source),
            head_rotation=np.zeros((T, 3), np.float32),
            head_translation=np.zeros((T, 3), np.float32),
            gaze=np.zeros((T, 2, 2), np.float32),
            confidence=np.ones(T, np.float32),
            fps=frame_rate(time),
        ),
        source,
    )


def _numbers(values: list[object], frame: int, source: str) -> list[float]:
    numbers = [float(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) != len(values):
        raise SignalError(f"{source}: frame {frame} holds something that is not a number.")
    return numbers

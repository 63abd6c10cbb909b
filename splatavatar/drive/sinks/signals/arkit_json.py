"""A recording as the JSON of ``sources/recorded/arkit_json.py``, which web renderers of ARKit faces play.

It holds times and coefficients. Its frames may carry a ``rotation``, whose convention is written down nowhere: it stays
empty, as in the files of LAM.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.signals.rows import write_lines
from splatavatar.rig.arkit import NAMES


def write_arkit_json(path: Path, recording: Recording) -> None:
    """Write ``recording``, a line a frame. Raises OutputError."""
    write_lines(path, _lines(recording))


def _lines(recording: Recording) -> Iterator[str]:
    yield f'{{"names": {json.dumps(NAMES)}, "frames": ['
    last = len(recording) - 1
    for frame, time in enumerate(recording.time.tolist()):
        weights = ", ".join(f"{value:.9g}" for value in recording.arkit[frame].tolist())
        yield f'{{"weights": [{weights}], "time": {time!r}, "rotation": []}}{"" if frame == last else ","}'
    yield "]}"

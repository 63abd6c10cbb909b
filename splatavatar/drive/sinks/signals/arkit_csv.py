"""A recording as a plain table: ``time`` in seconds, ARKit's 52 coefficients, and the angles of head and eyes.

Numbers have as many digits as they need to be read again as they were. Where no face was seen, everything but the time
is blank.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.signals.rows import EYES, HEAD, eye_angles, head_angles, seen, write_lines
from splatavatar.rig.arkit import NAMES

COLUMNS = ("time", *NAMES, *(name[0].lower() + name[1:] for name in (*HEAD, *EYES)))


def write_arkit_csv(path: Path, recording: Recording) -> None:
    """Write ``recording``. Raises OutputError."""
    write_lines(path, _lines(recording))


def _lines(recording: Recording) -> Iterator[str]:
    yield ",".join(COLUMNS)
    blank = "," * (len(COLUMNS) - 1)
    here, head, eyes = seen(recording), head_angles(recording), eye_angles(recording)
    for frame, time in enumerate(recording.time.tolist()):
        if not here[frame]:
            yield f"{time!r}{blank}"
            continue
        angles = (*head[frame].tolist(), *eyes[frame].tolist())
        # Nine digits are those of 32 bits.
        cells = [f"{value:.9g}" for value in (*recording.arkit[frame].tolist(), *angles)]
        yield ",".join([repr(time), *cells])

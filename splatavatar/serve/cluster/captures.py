"""A capture of a path or an address, on the machine that bakes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import CaptureError
from splatavatar.printable import printable
from splatavatar.serve.places.fetched import digest, fetched
from splatavatar.serve.places.folder import FolderPlace
from splatavatar.serve.places.opening import is_remote, local_path, place_of, split_address
from splatavatar.serve.places.place import Entry, Place


@dataclass(frozen=True)
class FoundCapture:
    """A capture that lies on this machine now."""

    path: Path
    """a folder, or a video"""
    known_as: str
    """its address and a digest of names, sizes and times (or ETags) of its files: another one once it is another"""
    kept: Path | None
    """the folder of the cache that it was fetched to; None where it lies where the user put it"""


def find_capture(address: str) -> FoundCapture:
    """The capture at a path or an address; fetched into the cache where it is of another machine.

    Raises CaptureError where nothing is there, StorageError where it cannot be read.
    """
    if not is_remote(address):
        path = local_path(address)
        if not os.path.lexists(path):
            raise CaptureError(f"{printable(address)}: no such file or folder on this machine, expected a capture.")
        place: Place = FolderPlace(path.parent if os.path.isfile(path) else path)
        entries = _one(place, path.name) if os.path.isfile(path) else place.entries()
        if not entries:  # a disk that is not mounted now, perhaps
            raise _empty(address)
        return FoundCapture(path, f"{address} {digest(place, entries)}", None)
    above, name = split_address(address)
    place = place_of(above)
    entries = _one(place, name)
    if entries:
        kept = fetched(place, entries, "")
        return FoundCapture(kept / name, f"{address} {digest(place, entries)}", kept)
    entries = place.entries(name)
    if not entries:
        raise _empty(address)
    kept = fetched(place, entries, name)
    return FoundCapture(kept, f"{address} {digest(place, entries)}", kept)


def _empty(address: str) -> CaptureError:
    return CaptureError(f"{printable(address)}: nothing is there, expected a capture.")


def _one(place: Place, name: str) -> list[Entry]:
    entry = place.entry(name)
    return [] if entry is None else [entry]

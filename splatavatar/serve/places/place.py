"""What a place of files is: a folder, or a part of a bucket, whose files have names below it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from splatavatar.errors import StorageError
from splatavatar.printable import printable

MOST_FILES = 200_000
"""of one place, or of one capture in it"""
LONGEST = 1024
"""bytes of the name of a file below its place: what S3 allows"""
VERSION = "?versionId="
"""within the name of an object: s3fs takes what stands before it for the name"""
PROBE = ".splatavatar-probe"
"""the name of the file that ``check_writable`` writes and removes"""


@dataclass(frozen=True)
class Entry:
    """A file of a place."""

    name: str
    """below the place, parts between slashes"""
    bytes: int
    version: str
    """another one once the content is another: an ETag, or size and time of change"""


class Place(Protocol):
    """Where files lie, by names below it that ``check_name`` allows; each is written whole or not at all.

    What cannot be read raises StorageError, what cannot be written OutputError, each one sentence.
    """

    address: str
    """as the user gave it"""

    def of(self, name: str) -> str:
        """The address of a file, for messages and for other programs."""
        ...

    def entry(self, name: str) -> Entry | None:
        """The file of that name; None where there is none."""
        ...

    def entries(self, below: str = "") -> list[Entry]:
        """All files, or those below a name, in the order of names; none where nothing is there."""
        ...

    def top(self) -> list[Entry]:
        """The files that lie in it and in no folder of it, in the order of names; none where nothing is there.

        Whatever else lies there is left out: what is below, and files whose names ``check_name`` refuses.
        """
        ...

    def read(self, name: str, most: int) -> bytes:
        """The content of a file of at most ``most`` bytes."""
        ...

    def fetch(self, name: str, target: Path, most: int) -> None:
        """Copy a file of at most ``most`` bytes to ``target``."""
        ...

    def put(self, name: str, source: Path) -> None:
        """Copy ``source`` here, over what was there."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file, over what was there."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def check_writable(self) -> None:
        """Raises OutputError now where a file could not be written after a long bake."""
        ...


def check_name(name: str, where: str) -> str:
    """``name``, which leads to nothing but a file below its place.

    Raises StorageError, which calls the place ``where``, for parts that are empty, ``.`` or ``..``, a name from the
    root, backslashes, control characters, halves of surrogate pairs, ``VERSION``, and names longer than ``LONGEST``.
    """
    why = _wrong(name)
    if why is not None:
        raise StorageError(f"{printable(where)}: the name {printable(name[:80])!r} {why}, expected one below it.")
    return name


def is_name(name: str) -> bool:
    """Whether ``check_name`` allows it."""
    return _wrong(name) is None


def _wrong(name: str) -> str | None:
    if not name:
        return "is empty"
    if name.startswith("/"):
        return "begins at the root"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "has control characters"
    if "\\" in name:
        return "has a backslash"
    if VERSION in name:
        return f"asks for a version ({VERSION})"
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "has parts that are empty, . or .."
    if len(name.encode()) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    return None

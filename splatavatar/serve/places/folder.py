"""A place that is a folder of this machine, or of a file system that several machines share."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from splatavatar.errors import OutputError, StorageError
from splatavatar.input import amount, open_input, read_bytes, why_unread
from splatavatar.output import atomic_write, check_writable, make_folder, why_unwritten
from splatavatar.printable import printable
from splatavatar.serve.places.place import MOST_FILES, PROBE, Entry, check_name, is_name

PIECE = 8 << 20
"""bytes that are copied at a time"""


class FolderPlace:
    """The files of a folder; see ``Place``. It is made by the first file that is written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, str(folder)

    def of(self, name: str) -> str:
        return str(self._path(name))

    def entry(self, name: str) -> Entry | None:
        path = self._path(name)
        return _entry(name, path) if os.path.isfile(path) else None

    def entries(self, below: str = "") -> list[Entry]:
        top = self._path(below) if below else self.folder
        found: list[Entry] = []

        def unread(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                raise _unread(top, error) from error

        for folder, _, files in os.walk(top, onerror=unread):
            for file in files:
                path = Path(folder, file)
                name = check_name(path.relative_to(self.folder).as_posix(), self.address)
                if (entry := _entry(name, path)) is not None:
                    found.append(entry)
                if len(found) > MOST_FILES:
                    raise _too_many(top)
        return sorted(found, key=lambda entry: entry.name)

    def top(self) -> list[Entry]:
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unread(self.folder, error) from error
        if len(names) > MOST_FILES:
            raise _too_many(self.folder)
        found = (self.entry(name) for name in sorted(names) if is_name(name))
        return [entry for entry in found if entry is not None]

    def read(self, name: str, most: int) -> bytes:
        return read_bytes(self._path(name), StorageError, most=most)

    def fetch(self, name: str, target: Path, most: int) -> None:
        path, left = self._path(name), most
        with open_input(path, StorageError) as source, atomic_write(target, 0o600) as file:
            while piece := source.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise StorageError(f"{printable(path)}: more than {amount(most)}, expected less.")
                file.write(piece)

    def put(self, name: str, source: Path) -> None:
        path = self._path(name)
        make_folder(path.parent)
        with open_input(source, OutputError) as content, atomic_write(path) as file:
            shutil.copyfileobj(content, file, PIECE)

    def write(self, name: str, content: bytes) -> None:
        path = self._path(name)
        make_folder(path.parent)
        with atomic_write(path) as file:
            file.write(content)

    def remove(self, name: str) -> None:
        path = self._path(name)
        try:
            with suppress(FileNotFoundError):
                path.unlink()
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {why_unwritten(error)}") from error

    def check_writable(self) -> None:
        make_folder(self.folder)
        check_writable(self.folder / PROBE)

    def _path(self, name: str) -> Path:
        return self.folder / check_name(name, self.address)


def _unread(folder: Path, error: OSError) -> StorageError:
    return StorageError(f"{printable(folder)}: {why_unread(error)}, expected a folder.")


def _too_many(folder: Path) -> StorageError:
    return StorageError(f"{printable(folder)}: more than {MOST_FILES} files, expected fewer.")


def _entry(name: str, path: Path) -> Entry | None:
    """None where the file has gone, or is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Entry(name, found.st_size, f"{found.st_size}-{found.st_mtime_ns}")

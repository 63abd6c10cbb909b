"""The files of a bundle, which is a folder or a zip of one. Nothing of a zip is ever written to the disk."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from splatavatar.avatar.avatar import Defect
from splatavatar.errors import AvatarFileError
from splatavatar.input import open_input, read_bytes
from splatavatar.printable import printable
from splatavatar.zips import Bounded, Unfit, check_member

JUNK = "__MACOSX"
"""the folder that macOS adds to a zip, with files of the same names"""
MOST_FOLDERS = 1024
"""that are looked into"""


def read_bundle(source: Path, wanted: Mapping[str, int], expected: str) -> dict[str, bytes]:
    """The files of ``source``, a folder or a zip, that are called as the keys of ``wanted``.

    They lie beside one another, at the top or in one folder; the values are the most bytes of each. Raises
    AvatarFileError; ``expected`` ends its sentence.
    """
    try:
        return _of_folder(source, wanted) if source.is_dir() else _of_zip(source, wanted, expected)
    except (Unfit, Defect) as unfit:
        raise AvatarFileError(f"{printable(source)}: {unfit}, expected {expected}.") from None


def bundle_names(source: Path) -> set[str]:
    """The names of the files that lie in ``source``, a folder or a zip, or one folder down; none where it cannot be
    read."""
    try:
        if source.is_dir():
            return {path.name for folder in _folders(source) for path in folder.iterdir()}
        with open_input(source, AvatarFileError) as file, zipfile.ZipFile(Bounded(file)) as archive:
            return {name for names in _by_folder(archive).values() for name in names}
    except Exception:  # as of damaged zips, see ``_of_zip``
        return set()


def _of_folder(source: Path, wanted: Mapping[str, int]) -> dict[str, bytes]:
    try:
        held = {str(folder): {path.name for path in folder.iterdir()} for folder in _folders(source)}
    except OSError as error:
        raise Defect(f"a folder that cannot be read ({(error.strerror or str(error)).lower()})") from error
    folder = Path(_place(held, wanted))
    return {name: read_bytes(folder / name, AvatarFileError, most=most) for name, most in wanted.items()}


def _folders(source: Path) -> list[Path]:
    inner = sorted(path for path in source.iterdir() if path.name != JUNK and path.is_dir())
    return [source, *inner[:MOST_FOLDERS]]


def _of_zip(source: Path, wanted: Mapping[str, int], expected: str) -> dict[str, bytes]:
    with open_input(source, AvatarFileError, expected) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            with zipfile.ZipFile(Bounded(file)) as archive:
                held = _by_folder(archive)
                members = held[_place(held, wanted)]
                return {name: _member(archive, members[name], size, most) for name, most in wanted.items()}
        except (Unfit, Defect):
            raise
        except Exception as error:
            # zipfile and zlib raise some twenty kinds of exceptions at damaged bytes, and all of them mean the same.
            raise Unfit("no zip file" if isinstance(error, zipfile.BadZipFile) else "damaged") from error


def _by_folder(archive: zipfile.ZipFile) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """The members by their folder and name, without those that macOS adds."""
    held: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        place = info.filename.replace("\\", "/")  # as some programs on Windows write it
        *folders, name = place.split("/")
        if ".." in folders or name == ".." or place.startswith("/"):
            raise Unfit(f"a zip with the member {printable(info.filename[:60])!r}, which would lie outside of it")
        if info.is_dir() or JUNK in folders or name.startswith("._"):
            continue
        if name in held.setdefault("/".join(folders), {}):
            raise Unfit(f"two members called {printable(info.filename[:60])!r}")
        held["/".join(folders)][name] = info
    return held


def _place(held: Mapping[str, Collection[str]], wanted: Mapping[str, int]) -> str:
    """The one folder that has all of ``wanted``."""
    found = [folder for folder, names in held.items() if all(name in names for name in wanted)]
    if len(found) > 1:
        raise Defect(f"{len(found)} folders with a {next(iter(wanted))}")
    if not found:
        nearest = max(held.values(), key=lambda names: sum(name in names for name in wanted), default=())
        raise Defect(f"no {next(name for name in wanted if name not in nearest)} in it")
    return found[0]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int, most: int) -> bytes:
    shown = printable(info.filename[-60:])
    check_member(f"a member {shown!r}", info, size)
    if info.file_size > most:
        raise Unfit(f"a member {shown!r} of {info.file_size >> 20} MiB")
    with archive.open(info) as stream:
        content = stream.read(most + 1)
    if len(content) != info.file_size:
        raise Unfit("damaged")
    return content

"""Recordings whose program was killed: found, and made films of."""

from __future__ import annotations

import os
import re
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from splatavatar.drive.sinks.finishing import UNFINISHED, copies_of, index
from splatavatar.errors import OutputError, TrustError
from splatavatar.extras import required
from splatavatar.input import open_input
from splatavatar.media import open_media
from splatavatar.output import beginning_of
from splatavatar.printable import printable

LIVELY = 10.0
"""seconds after which a recording to which nothing was added is nobody's, though a program of that number runs"""
MOST_BOXES = 1 << 16
EXPECTED = "a film, a picture or an export"
_PART = re.compile(r"\.(?P<name>.+)\.(?P<process>[0-9]{1,10})\.[0-9a-f]{8}\.part", re.DOTALL)
_SUFFIXES = {"mp4": ".mp4", "webm": ".webm"}


def container_of(path: Path) -> str | None:
    """mp4 or webm, by what the file at ``path`` holds; None for anything else. Raises TrustError if it is unread."""
    with open_input(path, TrustError, EXPECTED) as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "mp4"
    return "webm" if head[:4] == b"\x1aE\xdf\xa3" else None


def cut_to_whole(recording: Path) -> None:
    """Cut off the last piece of a recording in pieces where not all of it was written: its pictures are damaged.

    A file of another kind stays as it is. Raises TrustError if it cannot be read, OSError if it cannot be cut.
    """
    if container_of(recording) != "mp4":
        return
    with open_input(recording, TrustError, EXPECTED) as file:
        size, boxes = os.fstat(file.fileno()).st_size, list(_boxes(file))
    if not boxes or boxes[-1][1] <= size:
        return
    # A piece is a box that describes it, moof, and one with its pictures.
    whole = [end for name, end in boxes[:-1] if name != b"moof"]
    if whole:
        os.truncate(recording, whole[-1])


def is_leftover(path: Path) -> bool:
    """Whether ``path`` has the name of a recording of this package that is on its way, or was cut off."""
    return _PART.fullmatch(path.name) is not None


def is_unfinished(path: Path) -> bool:
    """Whether the film at ``path``, whatever its name, is a recording of this package that is still in pieces.

    Films of others may be in pieces as well, and are whole: what is ours says so (``finishing.UNFINISHED``).

    Raises TrustError where it cannot be read, DependencyError without PyAV.
    """
    if container_of(path) != "mp4":
        return False
    names = _outermost(path)
    if b"moof" not in names or b"uuid" in names:  # a finished one has its credentials in a box of that name
        return False
    required("av")
    with open_media(path, TrustError, EXPECTED, lambda found: "it is no film that can be read") as film:
        return bool(UNFINISHED.items() <= film.container.metadata.items())


def repaired(recording: Path, wanted: Path | None = None) -> Path:
    """Make a film of a recording that was cut off, as ``wanted`` or else as it was to be; returns where it is.

    One that was cut off when it already had its content credentials keeps them. Of a name that is taken it gets one
    beside it. What was written last, up to a second, is lost.

    Raises:
        TrustError: it holds no picture, or a program is still writing it.
        OutputError: it cannot be written; it is as it was.
        DependencyError: PyAV is not installed.
    """
    container, shown = container_of(recording), printable(recording)
    if container is None:
        raise TrustError(f"{shown}: no recording of a film; it was ended before its first second, or is something else")
    named = _PART.fullmatch(recording.name)
    if named and _is_written(recording, int(named["process"])):
        raise TrustError(f"{shown}: process {named['process']} is still recording it")
    check_pictures(recording)
    for copy in copies_of(recording):  # killed while it was finished
        with suppress(OSError):
            copy.unlink()
    if container != "mp4" or b"uuid" not in _outermost(recording):
        try:
            with suppress(OSError):
                cut_to_whole(recording)
            index(recording, container)
        except OutputError as error:
            raise OutputError(f"{error}; it is as it was") from error
    if wanted is None:
        if not named:
            return recording
        name, suffix = named["name"], _SUFFIXES[container]
        wanted = recording.with_name(name if name.lower().endswith(suffix) else name + suffix)
    place = beginning_of(wanted)
    try:
        os.replace(recording, place)
    except OSError as error:
        raise OutputError(f"cannot write {printable(place)}: {error.strerror or error}") from error
    return place


def check_pictures(recording: Path) -> None:
    """Raises TrustError where nothing of a recording can be shown."""
    av = required("av")
    with open_media(recording, TrustError, EXPECTED, lambda found: "no picture of it was recorded") as film:
        try:
            next(film.container.decode(video=0))
        except (av.FFmpegError, IndexError, StopIteration, OSError) as error:
            raise TrustError(f"{printable(recording)}: no picture of it was recorded") from error


def _outermost(path: Path) -> set[bytes]:
    with open_input(path, TrustError, EXPECTED) as file:
        return {name for name, _ in _boxes(file)}


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """The names of the outermost boxes of an mp4 (ISO/IEC 14496-12, 4.2), and where each ends."""
    size = os.fstat(file.fileno()).st_size
    place = 0
    for _ in range(MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int(struct.unpack(">I", head[:4])[0])
        if length == 1 and len(head) == 16:
            length = int(struct.unpack(">Q", head[8:])[0])
        end = place + length if length >= 8 else size  # 0: to the end of the file
        yield head[4:8], end
        if length < 8:
            break
        place = end


def _is_written(recording: Path, process: int) -> bool:
    """Whether a program of that number runs, and has added to ``recording`` a moment ago."""
    if sys.platform == "win32":  # what is open cannot be replaced there
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return time.time() - recording.stat().st_mtime < LIVELY

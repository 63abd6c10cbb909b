"""From a recording to a film: an index at its beginning, content credentials, its name."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.errors import OutputError, TrustError
from splatavatar.extras import required
from splatavatar.media import remux
from splatavatar.output import atomic_write, left_beside, temporary_beside
from splatavatar.printable import printable
from splatavatar.trust.credentials.formats import INSIDE, drop_sidecar, sidecar_of

if TYPE_CHECKING:
    from splatavatar.trust.credentials.marker import Marker

INDEXED = {"mp4": {"movflags": "+faststart"}, "webm": dict[str, str]()}
"""how a film is written once all of it is known, by its container; browsers play it while they load it"""
INDEXING, MARKING = "indexed", "marked"
"""how the names of its copies end while they are made"""
IN_PIECES = ("mp4",)
"""containers whose recordings are in pieces until they are finished"""
UNFINISHED = {"comment": "splatavatar: a recording that is not finished"}
"""metadata of a recording in pieces, which it loses when it is finished"""


def put_in_place(recording: Path, path: Path, container: str, marker: Marker | None) -> None:
    """Make a film at ``path`` of a ``recording`` that was closed, in the same folder; that is gone then.

    Raises OutputError. Where the film cannot be finished, the recording has its name then all the same, for it plays.
    """
    try:
        if container in IN_PIECES:
            index(recording, container)
        made = None if marker is None else _marked(recording, path, marker)
    except (OutputError, TrustError) as error:
        _rename(recording, path)
        raise unmarked(path, error) from error
    except BaseException:
        with suppress(OSError):
            recording.unlink()
        raise
    _rename(recording, path)
    if made is None:
        return
    try:
        with atomic_write(sidecar_of(path)) as file:
            file.write(made)
    except OutputError as error:
        raise unmarked(path, error) from error


def unmarked(path: Path, error: Exception) -> OutputError:
    """What is said of a film that is at ``path`` without all that it was to have."""
    return OutputError(f"{path}: the film is there, but could not be finished: {error}; {how_to_finish(path)}")


def how_to_finish(path: Path) -> str:
    """The command that makes a whole film of the one at ``path``, as it can be pasted."""
    return f"finish it by: splatavatar mark {shlex.quote(str(path))}"


def index(recording: Path, container: str) -> None:
    """Write ``recording`` anew as a film of one piece, its index first. Raises OutputError; it is then as it was."""
    indexed = temporary_beside(recording, INDEXING)
    try:
        remux(recording, indexed, container, INDEXED[container], OutputError)
        os.replace(indexed, recording)
    except (OSError, required("av").FFmpegError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{printable(recording)}: it cannot be indexed ({why})") from error
    finally:
        with suppress(OSError):
            indexed.unlink()


def copies_of(recording: Path) -> list[Path]:
    """Copies of ``recording`` that were not finished, left by a program that was killed."""
    return [path for ending in (INDEXING, MARKING) for path in left_beside(recording, ending)]


def _marked(recording: Path, path: Path, marker: Marker) -> bytes | None:
    """Put the credentials into ``recording``; those for a file beside it are returned."""
    media_type = INSIDE.get(path.suffix.lower())
    marked = temporary_beside(recording, MARKING)
    try:
        with open(recording, "rb") as source:
            if media_type is None:
                return marker.beside(source)
            with open(marked, "x+b") as out:
                marker.copy(source, out, media_type)
        os.replace(marked, recording)
        return None
    except OSError as error:
        raise OutputError(f"its content credentials cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            marked.unlink()


def _rename(recording: Path, path: Path) -> None:
    """Give a film its name; credentials beside an older one of that name do not fit it."""
    try:
        os.replace(recording, path)
        drop_sidecar(path)
    except OSError as error:
        with suppress(OSError):
            recording.unlink()
        raise OutputError(f"{printable(path)}: the video cannot be written: {error.strerror or error}.") from error

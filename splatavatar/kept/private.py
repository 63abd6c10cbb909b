"""Files and folders that nobody but their owner may open, whatever the umask and whoever made them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from splatavatar.output import folder_made, make_folder

_OTHERS = 0o077


def private_folder(folder: Path) -> None:
    """Make ``folder``, readable by the user alone; one that is there becomes so. Raises OutputError.

    Those above it that are absent are made alike.
    """
    for place in (*reversed(folder.parents), folder):
        if not os.path.isdir(place):
            make_folder(place, 0o700)
    # One that somebody has put on another disk, by a link, is ours all the same.
    _tighten(Path(os.path.realpath(folder)))


@contextmanager
def private_place(folder: Path) -> Iterator[None]:
    """Within the block ``folder`` is there, as ``private_folder`` makes it. If it was made it goes again unless filled.

    Raises OutputError.
    """
    absent = [place for place in (*reversed(folder.parents), folder) if not os.path.isdir(place)]
    with ExitStack() as stack:
        for place in absent:
            stack.enter_context(folder_made(place))
            _tighten(place)
        _tighten(Path(os.path.realpath(folder)))
        yield


def make_private(path: Path) -> None:
    """Take from everybody but the owner the rights to ``path`` and to all within it, as far as it is the user's own.

    What a link leads to is left as it is.
    """
    if os.path.islink(path):
        return
    _tighten(path)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            _tighten(Path(folder, name))


def _tighten(path: Path) -> None:
    # Another user's, gone, or on a file system without rights: what can be done is done.
    with suppress(OSError):
        found = os.lstat(path)
        if not stat.S_ISLNK(found.st_mode) and found.st_mode & _OTHERS:
            os.chmod(path, stat.S_IMODE(found.st_mode) & ~_OTHERS)

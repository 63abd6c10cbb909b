"""Files and folders that nobody but their owner may open, whatever the umask and whoever made them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from splatavatar.output import make_folder

_OTHERS = 0o077


def private_folder(folder: Path) -> None:
    """Make ``folder``, readable by the user alone; one that is there becomes so. Raises OutputError."""
    make_folder(folder.parent)
    with suppress(OSError):  # there, or a place where none can be made, which is said below
        os.mkdir(folder, 0o700)
    make_folder(folder)
    _tighten(folder)


def make_private(path: Path) -> None:
    """Take from everybody but the owner the rights to ``path`` and to all within it, as far as it is the user's own.

    What a link leads to is left as it is.
    """
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

"""Where this package keeps things between two runs."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from splatavatar.errors import OutputError

_TRIES = 16
"""names of the folder among the temporary files, of which others may hold some"""


def cache_folder() -> Path:
    """The folder of what can be made again: ``$SPLATAVATAR_CACHE``, else ``~/.cache/splatavatar``.

    For a user without a home folder, as in many containers, or whose home cannot be written, it lies among the
    temporary files, in a folder that nobody else may write to. Raises OutputError where there is no room for that.
    """
    return _folder("SPLATAVATAR_CACHE", Path(".cache"))


def data_folder() -> Path:
    """The folder of what is remembered: ``$SPLATAVATAR_HOME``, else ``~/.local/share/splatavatar``.

    Where there is no home folder: as ``cache_folder``.
    """
    return _folder("SPLATAVATAR_HOME", Path(".local") / "share")


def config_folder() -> Path:
    """The folder of what is the user's own, keys above all: ``$SPLATAVATAR_CONFIG``, else ``~/.config/splatavatar``.

    Where there is no home folder: as ``cache_folder``.
    """
    return _folder("SPLATAVATAR_CONFIG", Path(".config"))


def plain_name(name: str, longest: int = 48) -> str:
    """The beginning of ``name`` with nothing in it that a file system, a library or a shell could take amiss."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:longest] or "unnamed"


def _folder(variable: str, below: Path) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen)
    home = _home()
    if home is not None:
        folder = home / below / "splatavatar"
        # One that was filled by somebody else, such as who made the image of a container, is read.
        if os.path.isdir(folder) or _can_be_made(folder):
            return folder
    return Path(_among_temporary()) / below.name


def _home() -> Path | None:
    """The home folder of the user, None where there is none."""
    try:
        home = Path.home()
    except RuntimeError:  # neither $HOME nor an entry for this user
        return None
    # An empty or relative $HOME means the root or another place after each change of folder.
    return home if home.is_absolute() and os.environ.get("HOME", "unset") else None


def _can_be_made(folder: Path) -> bool:
    there = next(place for place in folder.parents if os.path.lexists(place))
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)


@lru_cache(maxsize=1)
def _among_temporary() -> str:
    """A folder among the temporary files that belongs to this user alone."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    try:
        below = Path(tempfile.gettempdir())
        for number in range(_TRIES):
            folder = below / f"splatavatar-{user}{f'-{number}' if number else ''}"
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            # Anybody may have made it, or put a link there, to be trusted with what is loaded from it.
            found = os.lstat(folder)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o077:
                return str(folder)
        return tempfile.mkdtemp(prefix=f"splatavatar-{user}-")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(
            f"no folder to keep things in: no home folder that can be written, and none for temporary files ({why}); "
            "name one by SPLATAVATAR_CACHE, SPLATAVATAR_HOME and SPLATAVATAR_CONFIG"
        ) from error

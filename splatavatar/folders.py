"""Where this package keeps things between two runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """The folder of what can be made again: ``$SPLATAVATAR_CACHE``, else ``~/.cache/splatavatar``.

    For a user without a home folder, as in many containers, it lies in the folder for temporary files.
    """
    return _folder("SPLATAVATAR_CACHE", Path(".cache"))


def data_folder() -> Path:
    """The folder of what is remembered: ``$SPLATAVATAR_HOME``, else ``~/.local/share/splatavatar``.

    For a user without a home folder it lies in the folder for temporary files.
    """
    return _folder("SPLATAVATAR_HOME", Path(".local") / "share")


def _folder(variable: str, below: Path) -> Path:
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:  # neither $HOME nor an entry for this user
        return Path(tempfile.gettempdir()) / f"splatavatar-{os.getuid()}" / below.name
    return home / below / "splatavatar"

"""The avatar that a command plays when none is named: the one baked last."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from splatavatar.errors import OutputError, SettingsError
from splatavatar.folders import data_folder
from splatavatar.input import read_bytes
from splatavatar.output import make_folder, private_write

_LONGEST_PATH = 4096
DEMO = Path(__file__).parent / "data" / "demo.splatavatar"
"""made by benchmarks/make_demo_avatar.py"""


def remember(path: str | Path) -> None:
    """Make the avatar file at ``path`` the one that ``resolve(None)`` means.

    A home folder that cannot be written costs this convenience only: it is no error after a long bake.
    """
    with suppress(OSError, OutputError):
        recent = _recent()
        make_folder(recent.parent, 0o700)
        with private_write(recent) as file:
            file.write(os.fsencode(os.path.abspath(path)) + b"\n")


def resolve(argument: str | Path | None) -> Path:
    """The avatar file that an optional argument means: the path itself, or the most recently baked avatar.

    ``demo``, where no file has that name, is the avatar that comes with the package. Whether a path that is given
    exists is for the reader to say. Raises SettingsError when there is no most recent avatar.
    """
    if argument is not None:
        return DEMO if str(argument) == "demo" and not os.path.exists(argument) else Path(argument)
    try:
        content = read_bytes(_recent(), SettingsError, most=_LONGEST_PATH)
    except (SettingsError, OutputError):
        content = b""
    # A path that ``remember`` did not write is worth no more than none.
    name = content.removesuffix(b"\n")
    if not os.path.isabs(name) or b"\0" in name:
        raise SettingsError("no avatar yet; bake one with: splatavatar bake CAPTURE, or name demo, which comes along")
    path = Path(os.fsdecode(name))
    if not os.path.exists(path):
        raise SettingsError(
            f"the most recently baked avatar, {path}, is no longer there; name an avatar file, or bake one with:"
            " splatavatar bake CAPTURE"
        )
    return path


def _recent() -> Path:
    """The file that holds the path: in $SPLATAVATAR_HOME, by default ~/.local/share/splatavatar."""
    return data_folder() / "recent"

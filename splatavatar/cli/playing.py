"""What the commands that play an avatar start with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.drive.signal import Recording


def open_avatar(argument: str | None) -> tuple[Avatar, Path]:
    """The avatar that the optional argument means, and its file; says where its consent has expired.

    Raises AvatarFileError.
    """
    from splatavatar.avatar.file import load_avatar
    from splatavatar.avatar.library import resolve
    from splatavatar.trust.policy import expired_line

    path = resolve(argument)
    avatar = load_avatar(path)
    line = expired_line(avatar)
    if line is not None:
        tell(line, err=True)
    return avatar, path


def tell_licence(avatar: Avatar) -> None:
    """Says the licence of the body model, where an avatar is handed on to others; Anny's asks nothing of them."""
    if avatar.rig.licence and not avatar.rig.kind.startswith("anny-"):
        tell(f"Who gets this avatar gets arrays of its body model. {printable(avatar.rig.licence)}", err=True)


def open_signal(signal: Path | None, frame: int | None) -> tuple[Recording | None, int]:
    """The recording, if one is asked for, and the frame in it. Raises SignalError, SettingsError."""
    from splatavatar.drive.sources.recorded.read import read_signal

    if signal is None:
        if frame is not None:
            raise SettingsError("--frame needs --signal: without a signal the avatar rests.")
        return None, 0
    return read_signal(signal), 0 if frame is None else frame

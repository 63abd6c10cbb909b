"""Files that the description of a capture names: in the folder of the capture, unless told otherwise.

A capture may come from anybody. What it names could be any picture of the machine, which would then be baked into an
avatar that is passed on.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from splatavatar.errors import CaptureError
from splatavatar.input import check_input, why_unread
from splatavatar.printable import printable

OPTION = "--allow-outside"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|file:|data:")
_DRIVE = re.compile(r"[A-Za-z]:")


def posix_name(name: str) -> str:
    """The ``name`` with POSIX separators, without leading ``./``; Windows writes others."""
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def named_file(root: Path, description: Path, name: str, allow_outside: bool) -> Path:
    """The path of the file called ``name`` in ``description``; it need not exist.

    Raises:
        CaptureError: no name of a file, or one outside of ``root``, by itself or through symbolic links, unless
            ``allow_outside``.
    """
    said = f"{description}: names the file {printable(name[:200])!r}"
    plain = posix_name(name)
    if _SCHEME.match(name):
        raise CaptureError(f"{said}, an address, expected a file in the folder of the capture.")
    if not name.strip() or plain in (".", "/") or "\0" in name:
        raise CaptureError(f"{said}, which no file can have as its name, expected a file in the folder of the capture.")
    if _DRIVE.match(name):
        raise CaptureError(f"{said}, a path of Windows, expected a path relative to the folder of the capture.")
    path = root / plain
    if allow_outside:
        return path
    try:
        # A missing file resolves as far as it exists.
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        why = why_unread(error) if not isinstance(error, RuntimeError) else "a symbolic link that leads back to itself"
        raise CaptureError(f"{said}: {why}.") from error
    if not inside:
        raise CaptureError(
            f"{said}, which lies outside of the folder of the capture; give {OPTION} if you trust this capture."
        )
    return path


def named_picture(root: Path, description: Path, name: str, allow_outside: bool) -> Path:
    """The same of a picture, whose suffix the description may leave out: that of the file that is there."""
    path = named_file(root, description, name, allow_outside)
    if path.suffix or _exists(path):
        return path
    for suffix in SUFFIXES:
        if _exists(path.with_name(path.name + suffix)):
            return named_file(root, description, name + suffix, allow_outside)  # may be a link to elsewhere
    return path


def check_files(what: str, files: list[Path], description: str) -> None:
    """Raises CaptureError unless all ``files`` are regular files that can be read."""
    missing = [file for file in files if not _exists(file)]
    if missing:
        count = f"{len(missing)} of {len(files)} missing"
        raise CaptureError(f"{printable(missing[0])}: no such {what}, named by {description} ({count})")
    for file in dict.fromkeys(files):
        check_input(file, CaptureError, f"a {'picture' if what == 'image' else what}")


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # a name too long, or one that no file can have
        return False

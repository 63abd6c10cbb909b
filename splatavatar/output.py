"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from splatavatar.errors import OutputError

_REASONS = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than allowed here",
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "its folder does not exist",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.ENAMETOOLONG: "the name is too long",
}

LONGEST = 255
"""bytes of a name, on nearly every file system"""


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing bytes; it gets its new content only when the block ends without an exception.

    The bytes go to a temporary file in the same folder, which is flushed to the disk and renamed. On any exception the
    temporary file is removed and a previous file at ``path`` stays as it was. A symbolic link keeps pointing where it
    did, and an existing file keeps its permissions.

    Raises OutputError for every OSError in the block or in the writing itself: disk full, folder missing or not
    writable.
    """
    target = Path(os.path.realpath(path))
    temporary = beside(target, "part")
    existed = False
    try:
        existed = _replaceable(path, target)
        # "x": nothing that is already there can be overwritten, not even through a link.
        with open(temporary, "xb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                # Closing flushes again and would fail again on a full disk: the temporary file goes in any case.
                with suppress(OSError):
                    file.close()
                raise
        if existed:
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        kept = "; the previous file is unchanged" if existed else ""
        raise OutputError(f"cannot write {path}: {reason}{kept}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def beside(path: Path, suffix: str) -> Path:
    """A hidden name in the folder of ``path`` that nothing has, for what is not whole yet.

    It begins like that of ``path``, as far as a file system allows: they count bytes.
    """
    return path.with_name(f".{shortened(path.name)}.{os.getpid()}.{os.urandom(4).hex()}.{suffix}")


def shortened(name: str, most: int = 64) -> str:
    """The beginning of a name, of ``most`` bytes at most, and of whole characters."""
    kept, size = "", 0
    for character in name:
        size += len(os.fsencode(character))
        if size > most:
            break
        kept += character
    return kept


def _replaceable(path: str | Path, target: Path) -> bool:
    """Whether a file is there that would be replaced. Raises OutputError for a folder or a device."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise OutputError(f"cannot write {path}: it is a folder, expected the name of a file")
    if not stat.S_ISREG(mode):
        raise OutputError(f"cannot write {path}: it is a device or a pipe, expected the name of a file")
    return True


def check_writable(path: str | Path) -> None:
    """Fails now where ``atomic_write`` would fail after a long computation.

    Raises OutputError as ``atomic_write`` does: folder missing or not writable, a folder or a device of that name.
    """
    target = Path(os.path.realpath(path))
    probe = beside(target, "probe")
    try:
        _replaceable(path, target)
        with open(probe, "xb"):
            pass
    except OSError as error:
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {path}: {reason}") from error
    finally:
        with suppress(OSError):
            probe.unlink()

"""Writing a file whole or not at all, and the folders and names that outputs need."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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
    errno.ELOOP: "a symbolic link that leads back to itself",
}
LONGEST_NAME = 255
"""bytes of the name of a file, where the file system says nothing else"""
SCRATCH = "splatavatar-work-"
"""what the names of scratch folders begin with"""
_STEM = 64
"""bytes of a name that the name of a temporary file begins with"""


def why_unwritten(error: OSError | ValueError) -> str:
    """Why a file or a folder cannot be written, in a few words that follow its name and a colon."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return "no name that a file can have"  # a zero byte, or characters outside the file system's encoding


@contextmanager
def atomic_write(path: str | Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """Open ``path`` for writing bytes; it gets its new content only when the block ends without an exception.

    What was written can be read again within the block. The bytes go to a temporary file in the same folder, which is
    flushed to the disk and renamed. On any exception the temporary file is removed and a previous file at ``path``
    stays as it was. A symbolic link keeps pointing where it did, and an existing file keeps its permissions, unless
    they are to be those of ``mode``.

    Raises OutputError for every OSError in the block or in the writing itself: disk full, folder missing or not
    writable.
    """
    target = _target(path)
    temporary = temporary_beside(target)
    existed = False
    try:
        existed = _replaceable(path, target)
        # "x": nothing that is already there can be overwritten, not even through a link.
        with open(temporary, "x+b") as file:
            try:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                # Closing flushes again and would fail again on a full disk: the temporary file goes in any case.
                with suppress(OSError):
                    file.close()
                raise
        if existed and mode is None:
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        kept = "; the previous file is unchanged" if existed else ""
        raise OutputError(f"cannot write {path}: {why_unwritten(error)}{kept}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def private_write(path: str | Path) -> Iterator[BinaryIO]:
    """As ``atomic_write``, a file that nobody but its user may read. Raises OutputError."""
    with atomic_write(path, 0o600) as file:
        yield file


def write_draft(path: Path, content: bytes) -> None:
    """Write a file of a folder that nobody takes for complete yet; what was there is gone.

    Raises OutputError.
    """
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {why_unwritten(error)}") from error


def check_writable(path: str | Path) -> None:
    """Fails now where ``atomic_write`` would fail after a long computation.

    Raises OutputError as ``atomic_write`` does: folder missing or not writable, a folder or a device of that name.
    """
    target = _target(path)
    probe = temporary_beside(target, "probe")
    try:
        _replaceable(path, target)
        with open(probe, "xb"):
            pass
    except OSError as error:
        raise OutputError(f"cannot write {path}: {why_unwritten(error)}") from error
    finally:
        with suppress(OSError):
            probe.unlink()


def _target(path: str | Path) -> Path:
    """Where ``path`` leads to. Raises OutputError."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:  # the current folder is gone, or no name at all
        raise OutputError(f"cannot write {path}: {why_unwritten(error)}") from error


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


@contextmanager
def outputs_ready(*files: Path) -> Iterator[None]:
    """Within the block each of ``files`` can be written: folders that are absent are made.

    Those that were made and are still empty when the block ends are removed.

    Raises OutputError where a file could not be written.
    """
    with ExitStack() as stack:
        for file in files:
            stack.enter_context(folder_made(file.parent))
            check_writable(file)
        yield


@contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """Within the block ``folder`` is there. If it was made, with those above it, it goes again unless it is filled.

    Raises OutputError.
    """
    made: list[Path] = []
    try:
        _make(folder, made)
        yield
    finally:
        for place in reversed(made):
            with suppress(OSError):
                place.rmdir()


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make ``folder``, with that ``mode`` less the umask, and those above it that are absent. Raises OutputError."""
    _make(folder, [], mode)


def _make(folder: Path, made: list[Path], mode: int = 0o777) -> None:
    """Make ``folder``; ``made`` gets what was not there before, the outermost first. Raises OutputError."""
    for place in [place for place in (folder, *folder.parents) if not os.path.isdir(place)][::-1]:
        made.append(place)  # before it is made: an interrupt may come in between
        try:
            os.mkdir(place, mode if place == folder else 0o777)
        except (OSError, ValueError) as error:
            made.remove(place)
            if os.path.isdir(place):  # another process made it
                continue
            known = isinstance(error, FileExistsError)
            why = f"{place} {_instead(place)}" if known else why_unwritten(error)
            raise OutputError(f"cannot make the folder {folder}: {why}") from error


def _instead(place: Path) -> str:
    """What is where a folder should be."""
    try:
        os.stat(place)
    except OSError as error:
        loop = error.errno == errno.ELOOP
        return f"is a symbolic link that leads {'back to itself' if loop else 'nowhere'}"
    return "is a file"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the time of the block, which nobody but the user may open, locked so that others see it is in use.

    Raises OutputError where there is no room for temporary files.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
    except OSError as error:
        raise OutputError(f"cannot make a folder for temporary files (TMPDIR): {why_unwritten(error)}") from error
    lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor of ``folder`` that holds a lock on it; None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return descriptor
    return None


def temporary_beside(path: Path, ending: str = "part") -> Path:
    """A hidden name in the folder of ``path`` that nothing has: of what is on its way to be ``path``.

    It is short and valid UTF-8, whatever the name of ``path`` is, so that every library can open it.
    """
    stem = shortened(path.name, _STEM)
    return path.with_name(f".{stem}.{os.getpid()}.{os.urandom(4).hex()}.{ending}")


def left_beside(path: Path, ending: str = "part") -> list[Path]:
    """What ``temporary_beside`` has named for ``path`` and is there, the newest first: of programs that run, or have
    been killed."""
    stem = re.escape(shortened(path.name, _STEM))
    named = re.compile(rf"\.{stem}\.[0-9]+\.[0-9a-f]{{8}}\.{re.escape(ending)}")
    found: list[tuple[float, Path]] = []
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if named.fullmatch(entry.name) and entry.is_file():
                found.append((entry.stat().st_mtime, path.parent / entry.name))
    return [place for _, place in sorted(found, reverse=True)]


def fitting(stem: str, suffix: str, folder: Path | None = None) -> str:
    """Joins ``stem`` and ``suffix`` to one name; of a stem too long for the file system only a part is taken.

    A digest then stands for the rest, so that different stems keep different names.
    """
    longest = _longest_name(folder)
    if len(os.fsencode(stem + suffix)) <= longest:
        return stem + suffix
    digest = hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
    return f"{shortened(stem, longest - len(os.fsencode(suffix)) - 9)}-{digest}{suffix}"


def beside(path: Path, suffix: str) -> Path:
    """The file that belongs to ``path`` and is called as it is with ``suffix`` after it; see ``fitting``."""
    return path.with_name(fitting(path.name, suffix, path.parent))


def beginning_of(path: Path) -> Path:
    """The path for the beginning of a film that was to be ``path``: that, or a free name beside what is there."""
    place, number = path, 1
    while os.path.lexists(place):
        ending = f".part{'' if number == 1 else number}{path.suffix}"
        place, number = path.with_name(fitting(path.stem, ending, path.parent)), number + 1
    return place


def shortened(name: str, longest: int) -> str:
    """The beginning of ``name`` in ``longest`` bytes of UTF-8, without what is no UTF-8."""
    return os.fsencode(name)[:longest].decode("utf-8", "ignore")


def _longest_name(folder: Path | None) -> int:
    with suppress(OSError, ValueError, AttributeError):
        return min(os.pathconf("." if folder is None else folder, "PC_NAME_MAX"), LONGEST_NAME)
    return LONGEST_NAME

"""One process at a time in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from splatavatar.output import folder_made


@contextmanager
def alone_in(folder: Path, waiting: Callable[[], None]) -> Iterator[bool]:
    """Within the block no other process is within such a block for ``folder``, which is made if it is absent.

    ``waiting`` is called where another one is. The system lets go of the folder when a process ends, however it
    does. Yields whether the folder is held: on file systems without locks everybody goes on at once. A folder that was
    made and stays empty is removed.

    Raises OutputError where the folder cannot be made.
    """
    while True:
        descriptor = None
        try:
            with folder_made(folder):
                descriptor, held = _held(folder, waiting)
                if descriptor is not None and not _is(folder, descriptor):
                    continue  # whoever had it before has removed it
                yield held
                return
        finally:
            # After the folder has gone, if it goes: whoever waits for it then sees that it is another.
            if descriptor is not None:
                os.close(descriptor)


def _held(folder: Path, waiting: Callable[[], None]) -> tuple[int | None, bool]:
    """A descriptor of ``folder``, and whether it is locked."""
    if sys.platform == "win32":
        return None, False
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None, False
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # no locks on this file system
        return descriptor, False
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, True


def _is(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder), os.fstat(descriptor))
    except OSError:
        return False

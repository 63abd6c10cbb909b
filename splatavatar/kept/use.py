"""What of the cache is in use: a bake holds the folders that it reads, and nobody removes them meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path

from splatavatar.folders import cache_folder

MARK = ".in-use"
"""the empty file in a folder whose lock says that it is in use"""


class Used:
    """What the work within a ``using`` has taken from the cache, or put there."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.clips: set[str] = set()
        """SHA-256 of the footage"""
        self.held = ExitStack()

    def release(self) -> None:
        """Let go of the folders."""
        self.held.close()


_current: ContextVar[Used | None] = ContextVar("used", default=None)


@contextmanager
def using() -> Iterator[Used]:
    """Within the block whatever ``note_used`` is told of is noted, and its folders are held until the block ends."""
    used = Used()
    token = _current.set(used)
    try:
        yield used
    finally:
        _current.reset(token)
        used.release()


def note_used(path: Path, clips: Iterable[str] = ()) -> None:
    """The work that goes on uses ``path``, a file or a folder of footage, or made of it, of these SHA-256.

    What does not lie in the cache is the user's own business.
    """
    used = _current.get()
    if used is None:
        return
    used.clips.update(clips)
    if path not in used.paths and path.is_relative_to(cache_folder()):
        used.paths.append(path)
        if os.path.isdir(path):
            used.held.enter_context(_locked(path / MARK, exclusive=False))


def note_made(path: Path) -> None:
    """The work that goes on has put ``path`` beside what it makes, to go on from another time."""
    used = _current.get()
    if used is not None and path not in used.paths:
        used.paths.append(path)


@contextmanager
def unused(path: Path) -> Iterator[bool]:
    """Whether nobody uses or prepares ``path``; within the block nobody begins to, where it is a folder."""
    if not os.path.isdir(path) or os.path.islink(path):
        yield True
        return
    with _locked(path, exclusive=True) as alone:
        if not alone or not os.path.exists(path / MARK):
            yield alone
            return
        with _locked(path / MARK, exclusive=True) as free:
            yield free


@contextmanager
def _locked(path: Path, exclusive: bool) -> Iterator[bool]:
    """Whether ``path`` is locked within the block; where there are no locks everybody goes on at once."""
    if sys.platform == "win32":
        yield True
        return
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        made = 0 if os.path.isdir(path) else os.O_CREAT
        descriptor = os.open(path, os.O_RDONLY | made | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        locked = True
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            locked = False
        except OSError:  # no locks on this file system
            pass
        yield locked
    finally:
        os.close(descriptor)

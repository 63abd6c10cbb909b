"""What is kept here now, with its size and age, and its removal."""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splatavatar.errors import OutputError
from splatavatar.kept.kinds import BASES, KINDS, Kind, temporary_folder
from splatavatar.kept.use import unused
from splatavatar.output import temporary_beside, why_unwritten

DRAFT = ".part"
"""how the names of ``temporary_beside`` end"""


@dataclass(frozen=True)
class Thing:
    """One file or folder that is kept."""

    path: Path
    group: str
    what: str
    bytes: int
    changed: float
    """seconds since 1970"""

    def to_json(self) -> dict[str, Any]:
        """The thing as a table."""
        return {
            "path": str(self.path),
            "group": self.group,
            "what": self.what,
            "bytes": self.bytes,
            "changed": self.changed,
        }


def things(groups: Sequence[str], kinds: Sequence[Kind] = KINDS) -> list[Thing]:
    """What is kept of ``groups``, in the order of ``kinds`` and then of names."""
    return [thing for kind in kinds if kind.group in groups for thing in _of(kind)]


def thing_at(path: Path, group: str, what: str) -> Thing | None:
    """What lies at ``path``, with the size of all within it and the newest change; None where nothing does."""
    if not os.path.lexists(path):
        return None
    total, changed = 0, 0.0
    for place in (path, *_within(path)):
        with suppress(OSError):  # gone meanwhile
            found = os.lstat(place)
            total += 0 if os.path.isdir(place) and not os.path.islink(place) else found.st_size
            changed = max(changed, found.st_mtime)
    return Thing(path, group, what, total, changed)


def remove(thing: Thing) -> bool:
    """Remove it; False where a program uses it, and it stays. Raises OutputError where it cannot be removed.

    A folder goes as a whole: should the program be killed meanwhile, what is left has the name of a draft.
    """
    path = thing.path
    with unused(path) as free:
        if not free:
            return False
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                if not path.name.endswith(DRAFT):
                    draft = temporary_beside(path)
                    os.rename(path, draft)
                    path = draft
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {why_unwritten(error)}") from error
    return True


def remove_empty() -> None:
    """Remove the folders that hold nothing any more."""
    each = [kind.base() / kind.entry for kind in KINDS if kind.each is not None]
    for folder in (*each, *(base() for base in BASES)):
        with suppress(OSError):
            folder.rmdir()


def strangers() -> list[Path]:
    """What lies in our folders and is of no kind that this version knows: nobody's to remove but the user's."""
    found = []
    for base in BASES:
        known = [pattern for kind in KINDS if kind.base is base for pattern in (kind.entry, f".{kind.entry}.*.*.part")]
        with suppress(OSError):
            entries = sorted(base().iterdir())
            found += [path for path in entries if not any(fnmatch.fnmatchcase(path.name, entry) for entry in known)]
    return found


def _of(kind: Kind) -> Iterator[Thing]:
    for path, what in _places(kind):
        thing = thing_at(path, kind.group, what)
        if thing is not None:  # gone meanwhile
            yield thing


def _places(kind: Kind) -> Iterator[tuple[Path, str]]:
    with suppress(OSError):  # nobody may look there
        # What was on its way to be one when its program was killed is one, too: see ``temporary_beside``.
        base, drafts = kind.base(), f".{kind.entry}.*.*.part"
        for place in (*sorted(base.glob(kind.entry)), *sorted(base.glob(drafts))):
            if kind.base is temporary_folder and hasattr(os, "getuid") and os.lstat(place).st_uid != os.getuid():
                continue  # another user's
            if kind.each is None:
                yield place, kind.what
            elif os.path.isdir(place):
                yield from ((path, kind.each(path.name)) for path in sorted(place.iterdir()))


def _within(path: Path) -> Iterator[Path]:
    if os.path.islink(path):
        return
    for folder, folders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*folders, *files))

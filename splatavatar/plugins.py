"""What other packages add: entry points of a group, by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from splatavatar.errors import SplatAvatarError
from splatavatar.extras import missing_extra


def plugins(group: str) -> dict[str, EntryPoint]:
    """The entry points of ``group`` that installed packages declare, by name; none of them is loaded."""
    return {point.name: point for point in entry_points(group=group)}


def called(point: EntryPoint, what: str, error: type[SplatAvatarError], *arguments: object) -> Any:
    """What the object of ``point`` returns for ``arguments``.

    Raises ``error``, one sentence that begins with ``what`` ("the source 'nodding'"), where another package does
    anything wrong in being imported or called, and DependencyError where it lacks a package that an extra of this one
    brings; its own errors that a user can act on go on as they are.
    """
    try:
        return point.load()(*arguments)
    except SplatAvatarError:
        raise
    except Exception as failure:
        absent = missing_extra(failure) if isinstance(failure, ModuleNotFoundError) else None
        why = " ".join(str(failure).split()).rstrip(".") or type(failure).__name__
        raise absent or error(f"{what} of {package(point)} cannot be used: {why}.") from failure


def package(point: EntryPoint) -> str:
    """How a sentence calls the package that declares ``point``."""
    return f"the package {point.dist.name!r}" if point.dist is not None else "a plug-in"

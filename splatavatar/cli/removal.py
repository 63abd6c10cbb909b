"""What commands that remove things say and ask before, and what they say after."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.kept.things import Thing

YesOption = Annotated[bool, typer.Option("--yes", help="Remove without asking.")]
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_AGES = ((86400, "day"), (3600, "hour"), (60, "minute"))


def size_of(count: int) -> str:
    """A number of bytes as people read it."""
    return next((f"{count / unit:.1f} {name}" for unit, name in _UNITS if count >= unit), f"{count} bytes")


def age_of(seconds: float) -> str:
    """An age as people read it."""
    for length, name in _AGES:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {name}{'s' * (number != 1)} old"
    return "new"


def show(things: Sequence[Thing], now: float) -> None:
    """A line for each of ``things``, and one for all; ``now`` in seconds since 1970."""
    for thing in things:
        tell(f"{size_of(thing.bytes):>10}  {age_of(now - thing.changed):<14}  {thing.what}")
        tell(f"{'':10}  {thing.path}")
    tell(f"{size_of(sum(thing.bytes for thing in things))} in {_counted(len(things))}")


def remove_asked(things: Sequence[Thing], yes: bool) -> None:
    """Remove ``things`` once that is said to be wanted: by ``yes``, or by an answer where there is a terminal.

    Raises:
        SettingsError: nobody could be asked.
        OutputError: something cannot be removed; the others are.
    """
    from splatavatar.errors import OutputError
    from splatavatar.kept.things import remove, remove_empty

    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise SettingsError("nothing is removed: there is no terminal to ask on, say --yes")
        tell("Remove it all? [y/N]", err=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            tell("nothing is removed")
            raise typer.Exit(1)
    removed: list[Thing] = []
    failures: list[OutputError] = []
    for thing in things:
        try:
            if remove(thing):
                removed.append(thing)
            else:
                tell(f"kept, a running splatavatar uses it: {thing.path}", err=True)
        except OutputError as failure:
            failures.append(failure)
    remove_empty()
    tell(f"removed {_counted(len(removed))}, {size_of(sum(thing.bytes for thing in removed))}")
    for error in failures[1:]:
        tell(printable(error), err=True)
    if failures:
        raise failures[0]


def _counted(number: int) -> str:
    return f"{number} place{'s' * (number != 1)}"

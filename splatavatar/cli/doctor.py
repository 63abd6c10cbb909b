"""``splatavatar doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.bake import DeviceChoice
from splatavatar.errors import DependencyError

if TYPE_CHECKING:
    from splatavatar.doctor.examine import Examination

STYLES = {"present": "", "missing": "yellow", "broken": "red"}


def doctor(
    device: Annotated[
        DeviceChoice, typer.Option("--device", help="Fail where this one cannot work.")
    ] = DeviceChoice.auto,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what of splatavatar can work on this machine, and the command that adds what is missing."""
    from splatavatar.doctor.examine import examine

    found = examine()
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(found)
    problem = found.core_problem or (found.cuda_problem if device is DeviceChoice.cuda else None)
    if problem is not None:
        raise DependencyError(problem)


def _print(found: Examination) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("part", no_wrap=True)
    table.add_column("for", no_wrap=True)
    table.add_column("found")
    for part in found.parts:
        text = part.found if part.command is None else f"{part.found}; add it by:\n{part.command}"
        table.add_row(part.name, part.purpose, Text(text, STYLES[part.state]))
    for picture in found.pictures:
        state = "present" if picture.problem is None else "broken"
        text = picture.problem or f"right ({picture.levels:.2f} of 255 levels off)"
        table.add_row(f"picture by {picture.backend}", "a check", Text(text, STYLES[state]))
    Console(highlight=False).print(table)

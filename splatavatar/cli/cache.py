"""``splatavatar cache``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.removal import YesOption, remove_asked, show
from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.kept.things import Thing

cache = typer.Typer(help="List and remove what is kept to be quicker the next time.", no_args_is_help=True)


@cache.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Show what the cache holds: what it is, of which footage, how large and how old."""
    import json
    import time

    from splatavatar.folders import cache_folder
    from splatavatar.kept.kinds import CALIBRATION, FOOTAGE, MODELS
    from splatavatar.kept.things import strangers

    found = _things((FOOTAGE, CALIBRATION, MODELS))
    if as_json:
        typer.echo(json.dumps([thing.to_json() for thing in found], indent=2))
        return
    show(found, time.time())
    for path in strangers():
        if path.parent == cache_folder():
            tell(f"not ours, or of another version: {path}", err=True)


@cache.command("clear")
def clear(
    footage: Annotated[bool, typer.Option("--footage", help="What was prepared of footage.")] = False,
    calibration: Annotated[bool, typer.Option("--calibration", help="How users look at rest.")] = False,
    models: Annotated[bool, typer.Option("--models", help="Networks and body models; they are made anew.")] = False,
    yes: YesOption = False,
) -> None:
    """Remove the cache, or the kinds that are named; what a running bake uses stays."""
    import time

    from splatavatar.kept.kinds import CALIBRATION, FOOTAGE, MODELS

    asked = {FOOTAGE: footage, CALIBRATION: calibration, MODELS: models}
    found = _things([group for group, named in asked.items() if named] or list(asked))
    if not found:
        tell("nothing is kept")
        return
    show(found, time.time())
    remove_asked(found, yes)


def _things(groups: list[str] | tuple[str, ...]) -> list[Thing]:
    from splatavatar.kept.things import things

    return things(groups)

"""``splatavatar rig``: body models that a user brings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

rig = typer.Typer(help="Look at files of body models.", no_args_is_help=True)


@rig.callback()
def _rig() -> None:
    """Keeps ``inspect`` a command of its own."""


@rig.command("inspect")
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FLAME or SMPL-X, as .pkl or .npz.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Say what a file of a body model holds, and whether it is sound. A pickle is read without running it."""
    import json

    from splatavatar.rig.body_models.describe import as_text, describe
    from splatavatar.rig.body_models.model_file import read_model_file

    facts = describe(read_model_file(file))
    typer.echo(json.dumps(facts, indent=2) if as_json else as_text(facts))

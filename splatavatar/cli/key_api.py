"""``splatavatar key api``: the keys that programs show to the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.terminal import tell

api = typer.Typer(help="The keys that programs show to splatavatar serve.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.", show_default=False)]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="File of the keys.", show_default="where this user's settings lie"),
]


@api.command("add")
def add(
    name: NameArgument,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="What it is for: sessions, speech, metrics or admin; may be given again.",
            show_default="sessions, speech",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="N", help="Requests a second.", show_default="as all others"),
    ] = None,
    file: FileOption = None,
) -> None:
    """Make a key. It is shown once; the file holds its digest."""
    from splatavatar.serve.http.keys import add_key, default_path

    path = file or default_path()
    key, shown = add_key(path, name, scope or ("sessions", "speech"), rate)
    tell(f"The key {key.name} ({key.id}) for {', '.join(sorted(key.scopes))} is in {path}.", err=True)
    tell("Keep it now, it is not shown again:", err=True)
    tell(shown)


@api.command("list")
def list_(file: FileOption = None) -> None:
    """List the keys, without the keys themselves."""
    from splatavatar.serve.http.keys import default_path, read_keys

    for key in sorted(read_keys(file or default_path()), key=lambda each: each.name):
        rate = "" if key.rate is None else f"  {key.rate:g} a second"
        tell(f"{key.id}  {key.name}  {', '.join(sorted(key.scopes))}{rate}")


@api.command("remove")
def remove(name: NameArgument, file: FileOption = None) -> None:
    """Take a key back, by its name or its id; a service that runs refuses it a second later."""
    from splatavatar.serve.http.keys import default_path, remove_key

    key = remove_key(file or default_path(), name)
    tell(f"The key {key.name} ({key.id}) is removed.")

"""The ``splatavatar`` command."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from splatavatar import __version__
from splatavatar.cli.bake import bake
from splatavatar.cli.bench import bench
from splatavatar.cli.capture import capture
from splatavatar.cli.doctor import doctor
from splatavatar.cli.drive import DEFAULTS, drive
from splatavatar.cli.eval import eval_
from splatavatar.cli.export import export
from splatavatar.cli.extras import missing_extra
from splatavatar.cli.info import info
from splatavatar.cli.models import models
from splatavatar.cli.optional_values import with_defaults
from splatavatar.cli.render import render
from splatavatar.errors import SplatAvatarError

app = typer.Typer(
    name="splatavatar",
    help="Bake a person into a rigged Gaussian-splat avatar once, drive it in real time on a CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("bake")(bake)
app.command("eval")(eval_)
app.command("render")(render)
app.command("drive")(drive)
app.command("export")(export)
app.command("info")(info)
app.command("bench")(bench)
app.command("doctor")(doctor)
app.add_typer(capture, name="capture")
app.add_typer(models, name="models")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _splatavatar(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options of the command itself, before the name of a subcommand."""


def main() -> None:
    """Run the command line: errors that a user can act on become one line and exit code 2, Ctrl-C exits with 130."""
    arguments = sys.argv[1:]
    try:
        app(with_defaults(arguments, DEFAULTS) if arguments[:1] == ["drive"] else arguments)
    except SplatAvatarError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        _fail(missing)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: SplatAvatarError) -> NoReturn:
    print(f"Error: {error}", file=sys.stderr)
    sys.exit(2)

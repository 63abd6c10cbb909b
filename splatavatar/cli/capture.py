"""``splatavatar capture``: the commands that turn video into a capture, one file each."""

from __future__ import annotations

import typer

from splatavatar.cli.capture_guide import guide
from splatavatar.cli.capture_inspect import inspect

capture = typer.Typer(help="Film, prepare and look at captures.", no_args_is_help=True)
capture.command("guide")(guide)
capture.command("inspect")(inspect)

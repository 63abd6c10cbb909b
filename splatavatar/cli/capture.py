"""``splatavatar capture``: the commands that turn video or photos into a capture, one file each."""

from __future__ import annotations

import typer

from splatavatar.cli.capture_extract import extract
from splatavatar.cli.capture_guide import guide
from splatavatar.cli.capture_inspect import inspect
from splatavatar.cli.capture_solve import solve
from splatavatar.cli.capture_track import track

capture = typer.Typer(help="Film, prepare and look at captures.", no_args_is_help=True)
capture.command("guide")(guide)
capture.command("extract")(extract)
capture.command("solve")(solve)
capture.command("track")(track)
capture.command("inspect")(inspect)

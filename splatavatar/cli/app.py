"""The ``splatavatar`` command."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from splatavatar import __version__
from splatavatar.cli.agent import agent
from splatavatar.cli.bake import bake
from splatavatar.cli.bakes import bakes
from splatavatar.cli.bench import bench
from splatavatar.cli.cache import cache
from splatavatar.cli.capture import capture
from splatavatar.cli.consent import consent
from splatavatar.cli.detect import detect
from splatavatar.cli.doctor import doctor
from splatavatar.cli.drive import DEFAULTS, drive
from splatavatar.cli.eval import eval_
from splatavatar.cli.export import export
from splatavatar.cli.forget import forget
from splatavatar.cli.import_ import import_
from splatavatar.cli.info import info
from splatavatar.cli.key import key
from splatavatar.cli.mark import mark
from splatavatar.cli.models import models
from splatavatar.cli.optional_values import with_defaults
from splatavatar.cli.render import render
from splatavatar.cli.rig import rig
from splatavatar.cli.room import room
from splatavatar.cli.serve import serve
from splatavatar.cli.sign import revoke, sign
from splatavatar.cli.signal import signal
from splatavatar.cli.terminal import steady_streams
from splatavatar.cli.verify import verify
from splatavatar.cli.view import view
from splatavatar.errors import SettingsError, SplatAvatarError
from splatavatar.extras import missing_extra
from splatavatar.interrupts import raised_signals
from splatavatar.output import why_unwritten
from splatavatar.printable import printable

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
app.command("view")(view)
app.command("room")(room)
app.command("serve")(serve)
app.command("export")(export)
app.command("mark")(mark)
app.command("detect")(detect)
app.command("import")(import_)
app.command("info")(info)
app.command("verify")(verify)
app.command("sign")(sign)
app.command("revoke")(revoke)
app.command("bench")(bench)
app.command("doctor")(doctor)
app.command("forget")(forget)
app.add_typer(bakes, name="bakes")
app.add_typer(agent, name="agent")
app.add_typer(cache, name="cache")
app.add_typer(capture, name="capture")
app.add_typer(consent, name="consent")
app.add_typer(key, name="key")
app.add_typer(models, name="models")
app.add_typer(rig, name="rig")
app.add_typer(signal, name="signal")


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


PRODUCTS = ("bake", "bakes", "capture", "consent", "drive", "eval", "export", "import", "mark", "render", "signal")
"""commands that write files, for which what they print is no more than a word about it"""
PRINTED = (["capture", "guide"], ["bakes", "list"], ["consent", "say"], ["consent", "check"])
"""of these, those that print their result all the same"""

PIPE_CLOSED = 128 + 13
"""what shells show of a program that writes to a pipe which nobody reads"""


def main() -> None:
    """Run the command line.

    Errors that a user can act on become one line and exit code 2. A signal that ends the command (Ctrl-C, kill, a
    terminal that closes) exits with 128 and its number, as shells have it.
    """
    try:
        with steady_streams() as loss:
            code = _run(sys.argv[1:])
            sys.stdout.flush()
            if code == 0 and loss.error is not None and _prints(sys.argv[1:]):
                # Who reads no further, as head, has what it wanted.
                gone = loss.error.errno == errno.EPIPE
                unwritten = SplatAvatarError(f"the output cannot be written: {why_unwritten(loss.error)}")
                code = PIPE_CLOSED if gone else _failed(unwritten)
    except KeyboardInterrupt:  # once more, while everything ends
        code = 130
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """The exit code of the command."""
    try:
        with raised_signals():
            _check_here()
            sized = arguments[:1] in (["drive"], ["render"], ["serve"])
            app(with_defaults(arguments, DEFAULTS) if sized else arguments)
    except SplatAvatarError as error:
        return _failed(error)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        return _failed(missing)
    except OSError as error:
        # Of the environment by its nature, wherever it comes from.
        name = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return _failed(SplatAvatarError(f"{name}{(error.strerror or str(error)).lower()}"))
    except KeyboardInterrupt:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return 0


def _check_here() -> None:
    """Raises SettingsError where no relative path means anything."""
    try:
        os.getcwd()
    except OSError as error:
        raise SettingsError("the current folder is not there any more; go to another one (cd)") from error


def _prints(arguments: list[str]) -> bool:
    """Whether what the command prints is its result."""
    product = bool(arguments) and arguments[0] in PRODUCTS and arguments[:2] not in PRINTED
    return not product or "--help" in arguments


def _failed(error: SplatAvatarError) -> int:
    print(printable(f"Error: {error}"), file=sys.stderr)
    return 2

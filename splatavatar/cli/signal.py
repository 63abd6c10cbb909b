"""``splatavatar signal``: recorded faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.cli.values import check_kept
from splatavatar.output import outputs_ready

signal = typer.Typer(help="Recorded faces.", no_args_is_help=True)


@signal.callback()
def _signal() -> None:
    """Keeps ``convert`` a command of its own."""


@signal.command("convert")
def convert(
    recorded: Annotated[
        Path, typer.Argument(metavar="A", help="A recorded face, whatever --signal of drive takes.", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(metavar="B", help="out.npz, out.csv or out.json.", show_default=False)],
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND",
            help="Of a .csv: arkit, or livelink for a take of the Live Link Face app; of an .npz: signal, or flame.",
            show_default="arkit, signal",
        ),
    ] = None,
) -> None:
    """Write a recorded face in another format, which its suffix names."""
    from splatavatar.drive.sinks.signals.write import kind_of, write_recording
    from splatavatar.drive.sources.recorded.read import read_signal

    kind_of(out, kind)
    check_kept(out, recorded)
    with outputs_ready(out):
        recording = read_signal(recorded)
        write_recording(out, recording, kind)
    tell(f"{out}: {len(recording)} frames at {recording.fps:.5g} a second")

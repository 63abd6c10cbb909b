"""``splatavatar drive``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.colours import parse_background
from splatavatar.cli.limits import parse_limit
from splatavatar.cli.options import AvatarArgument, BackgroundOption, LimitOption, SizeOption
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.progress import progress_bar
from splatavatar.cli.sizes import parse_size


def drive(
    signal: Annotated[
        Path,
        typer.Option(
            "--signal",
            metavar="FILE",
            help="Face signal: ARKit .json, Live Link Face .csv or .npz.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="out.mp4 or frames/%05d.png", show_default=False)
    ],
    avatar: AvatarArgument = None,
    size: SizeOption = "512x512",
    background: BackgroundOption = None,
    limit: LimitOption = "3",
) -> None:
    """Play a recorded face signal on an avatar into a video or numbered pictures."""
    width, height = parse_size(size)
    colour = parse_background(background, out)
    allowed = parse_limit(limit)

    from splatavatar.drive.playback import play
    from splatavatar.drive.sinks.sink import open_sink
    from splatavatar.drive.sources.recorded import read_signal
    from splatavatar.drive.view import default_camera

    person, _ = open_avatar(avatar)
    recording = read_signal(signal)
    camera = default_camera(person, width, height)
    sink = open_sink(out, recording.fps, width, height, transparent=colour is None)
    with progress_bar("driving") as progress:
        stats = play(person, recording, camera, [sink], colour, progress, allowed)
    typer.echo(
        f"{out}: {stats.frames} frames of {width}x{height} at {recording.fps:.5g} a second, "
        f"rendered at {stats.render_fps:.0f} FPS"
    )

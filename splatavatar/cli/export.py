"""``splatavatar export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.limits import parse_limit
from splatavatar.cli.options import AvatarArgument, FrameOption, LimitOption, SignalOption
from splatavatar.cli.playing import open_avatar, open_signal
from splatavatar.cli.terminal import tell
from splatavatar.errors import OutputError
from splatavatar.output import outputs_ready


def export(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PLY", help="File to write.", show_default=False)],
    avatar: AvatarArgument = None,
    signal: SignalOption = None,
    frame: FrameOption = None,
    limit: LimitOption = "3",
) -> None:
    """Write one pose of an avatar as a standard 3DGS .ply that other viewers open."""
    if out.suffix.lower() != ".ply":
        raise OutputError(f"{out}: an avatar is exported as .ply.")
    allowed = parse_limit(limit)

    from splatavatar.drive.performer import Performer
    from splatavatar.drive.signal import chosen_frame
    from splatavatar.gaussians.ply import write_ply

    person, _ = open_avatar(avatar)
    performer = Performer(person, limit=allowed)
    parameters = performer.pose(chosen_frame(*open_signal(signal, frame)))
    with outputs_ready(out):
        write_ply(out, *performer.renderer.gaussians(parameters))
    tell(f"{out}: {len(person.gaussians)} Gaussians")

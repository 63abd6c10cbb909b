"""``splatavatar export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.options import AvatarArgument, FrameOption, LimitOption, SignalOption
from splatavatar.cli.playing import open_avatar, open_signal
from splatavatar.cli.progress import progress_bar
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_limit
from splatavatar.errors import OutputError, SettingsError
from splatavatar.output import outputs_ready


def export(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="out.ply or out.html.", show_default=False)],
    avatar: AvatarArgument = None,
    signal: SignalOption = None,
    frame: FrameOption = None,
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="A voice that it speaks in a .html.", show_default=False),
    ] = None,
    limit: LimitOption = "3",
) -> None:
    """Write one pose of an avatar as a 3DGS .ply for other viewers, or all of it as a .html page that plays it."""
    suffix = out.suffix.lower()
    if suffix not in (".ply", ".html"):
        raise OutputError(f"{out}: an avatar is exported as .ply or .html.")
    if suffix == ".html":
        if frame is not None or limit != "3":
            raise SettingsError("--frame and --expression-limit are for .ply; the page has controls for both.")
        _page(out, avatar, signal, audio)
        return
    if audio is not None:
        raise SettingsError("--audio is for .html: a .ply holds one pose.")
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


def _page(out: Path, avatar: str | None, signal: Path | None, audio: Path | None) -> None:
    """One file that plays the avatar in a browser, with what it says and how it sounds."""
    from splatavatar.drive.offline import FileInput
    from splatavatar.viewer.one_file import embedded_avatar, embedded_signal, embedded_sound, write_page
    from splatavatar.viewer.site import load_site

    site = load_site()
    person, path = open_avatar(avatar)
    files = [embedded_avatar(path)]
    recording = open_signal(signal, None)[0]
    if audio is not None:
        if recording is None:
            with progress_bar("hearing the voice") as progress:
                recording = FileInput("audio", audio).recording(progress=progress)
        files.append(embedded_sound(audio))
    if recording is not None:
        files.append(embedded_signal(recording))
    with outputs_ready(out):
        size = write_page(out, site, str(person.metadata.get("name") or path.stem), files)
    tell(f"{out}: {size / 1e6:.1f} MB, opens in a browser")

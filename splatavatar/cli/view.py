"""``splatavatar view``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from splatavatar.cli.options import AvatarArgument
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.terminal import tell


def view(
    avatar: AvatarArgument = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=1, max=65535, help="Port of the address.", show_default="8017, or free"
        ),
    ] = None,
    signal: Annotated[
        list[Path] | None,
        typer.Option("--signal", metavar="FILE", help="Face signal to play; may be given again.", show_default=False),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Look at an avatar in a browser, on this machine."""
    import fastapi  # noqa: F401  named first where the extra is missing
    import uvicorn  # noqa: F401

    from splatavatar.drive.sources.recorded import read_signal
    from splatavatar.viewer.server import HOST, create_app, listen, serve
    from splatavatar.viewer.site import load_site

    site = load_site()
    person, path = open_avatar(avatar)
    signals = {}
    for file in signal or []:
        read_signal(file)
        signals[file.name] = file.absolute()
    name = person.metadata.get("name") or path.name
    del person
    listening = listen(port)
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    if signals:
        address += f"?signal=signals/{quote(next(iter(signals)))}"

    def ready() -> None:
        tell(f"{name} at {address} (Ctrl-C ends)")
        if not no_open:
            typer.launch(address)

    with listening:
        serve(create_app(path.absolute(), site, signals), listening, ready)

"""``splatavatar view``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from splatavatar.cli.options import AvatarArgument
from splatavatar.cli.playing import open_avatar, tell_licence
from splatavatar.cli.sharing import (
    CertificateOption,
    KeyOption,
    OriginOption,
    PortOption,
    ShareOption,
    origins,
    tell_address,
)


def view(
    avatar: AvatarArgument = None,
    port: PortOption = None,
    signal: Annotated[
        list[Path] | None,
        typer.Option("--signal", metavar="FILE", help="Face signal to play; may be given again.", show_default=False),
    ] = None,
    share: ShareOption = False,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    allow_origin: OriginOption = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Look at an avatar in a browser, on this machine or, shared, on others."""
    from splatavatar.drive.sources.recorded.read import read_signal
    from splatavatar.viewer.place import place
    from splatavatar.viewer.server import check_packages, create_app, serve
    from splatavatar.viewer.site import load_site

    check_packages()
    site, admitted = load_site(), origins(allow_origin)
    person, path = open_avatar(avatar)
    signals = {}
    for file in signal or []:
        read_signal(file)
        signals[file.name] = file.absolute()
    name = person.metadata.get("name") or path.name
    tell_licence(person)
    del person
    query = f"signal=signals/{quote(next(iter(signals)))}" if signals else ""
    with place(port, share, certificate, key) as at:

        def ready() -> None:
            address = tell_address(name, at, query)
            if not no_open:
                typer.launch(address)

        app = create_app(path.absolute(), site, signals, None, at.names, at.token, admitted)
        serve(app, at.listening, ready, at.certificate)

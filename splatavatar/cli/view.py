"""``splatavatar view``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
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
    WithoutConsentOption,
    origins,
    served_avatar,
    tell_address,
)
from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError, SignalError


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
    without_consent: WithoutConsentOption = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Look at an avatar in a browser, on this machine or, shared, on others."""
    from splatavatar.output import scratch_folder
    from splatavatar.viewer.place import place
    from splatavatar.viewer.server import check_packages, create_app, serve
    from splatavatar.viewer.site import load_site

    check_packages()
    site, admitted = load_site(), origins(allow_origin)
    person, path = open_avatar(avatar)
    name = person.metadata.get("name") or path.name
    if without_consent and not share:
        raise SettingsError("--without-consent is for --share: on this machine alone nobody else sees the avatar.")
    served = served_avatar(path, share, without_consent)
    tell_licence(person)
    del person
    with scratch_folder() as folder, place(port, share, certificate, key) as at:
        signals = _named(signal or [], folder)
        query = f"signal=signals/{quote(next(iter(signals)))}" if signals else ""

        def ready() -> None:
            address = tell_address(name, at, query)
            if not no_open:
                typer.launch(address)

        app = create_app(served, site, signals, None, at.names, at.token, admitted)
        serve(app, at.listening, ready, at.certificate)


def _named(files: Sequence[Path], folder: Path) -> dict[str, Path]:
    """The recordings ``files`` by the names under which the page gets them, each by one of its own that URLs can hold.

    Says the name of one that is not called as its file is. Raises SignalError and OutputError.
    """
    from splatavatar.output import make_folder

    signals: dict[str, Path] = {}
    for number, file in enumerate(files):
        own = folder / str(number)  # what is made of one replaces nothing that is made of another
        make_folder(own)
        called, path = _served(file, own)
        # A name may have any bytes; an address is UTF-8.
        wanted = PurePosixPath(os.fsencode(called).decode(errors="replace"))
        name, copies = wanted.name, 1
        while name in signals:
            copies += 1
            name = f"{wanted.stem}-{copies}{wanted.suffix}"
        if name != called:
            tell(f"{file}: signals/{quote(name)} in the address of the page")
        signals[name] = path
    return signals


def _served(file: Path, folder: Path) -> tuple[str, Path]:
    """The name and the file by which the page gets the recording ``file``. Raises SignalError and OutputError.

    It reads tables, JSON and our own npz as they are. Motions of bodies and FLAME, of which it knows less, are written
    to ``folder``.
    """
    from splatavatar.arrays import npz_names
    from splatavatar.drive.sources.recorded.read import read_signal
    from splatavatar.drive.sources.recorded.signal_npz import NEEDED, write_signal

    recording = read_signal(file)
    suffix = file.suffix.lower()
    if file.is_file() and (
        suffix in (".csv", ".tsv", ".json") or (suffix == ".npz" and set(NEEDED) <= set(npz_names(file, SignalError)))
    ):
        return file.name, file.absolute()
    made = folder / f"{file.absolute().stem}.npz"
    write_signal(made, recording)
    return made.name, made

"""Options of the commands that serve the page, and what they say of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.viewer.place import Place

PortOption = Annotated[
    int | None,
    typer.Option("--port", metavar="N", min=1, max=65535, help="Port of the page.", show_default="8017, or free"),
]
ShareOption = Annotated[
    bool,
    typer.Option("--share", help="Let the network open the page: encrypted, by a link with a token."),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="FILE", help="Certificate in PEM for --share.", show_default="an own one"),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Key of the certificate, in PEM.", show_default=False),
]
WithoutConsentOption = Annotated[
    bool,
    typer.Option("--without-consent", help="Show avatars to others whose file has no consent to it, and say so."),
]
OriginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="ORIGIN",
        help="Answer the pages of another server, such as https://example.org, too; may be given again.",
        show_default=False,
    ),
]


def origins(given: list[str] | None) -> tuple[str, ...]:
    """The origins that ``--allow-origin`` names. Raises SettingsError."""
    from splatavatar.viewer.origins import origin

    return tuple(map(origin, given or ()))


def tell_consent(avatar: Avatar, path: Path, without_consent: bool) -> None:
    """Says where an avatar is shown to others without a consent to it. Raises TrustError where that was not asked for.

    Without a consent to calls an avatar is private: its owner plays it, and no one else.
    """
    from splatavatar.trust.known import read_known
    from splatavatar.trust.policy import check_sharing

    line = check_sharing(avatar, printable(path), without_consent, read_known().revocations)
    if line is not None:
        tell(line, err=True)


def served_avatar(path: Path, share: bool, without_consent: bool) -> Path | bytes:
    """What the page serves: the file ``path``, whatever it will hold; its bytes as they are now, once it is shared.

    Those have the consent that is asked for here; the file may be baked anew without one. Raises AvatarFileError, and
    TrustError as ``tell_consent``.
    """
    from splatavatar.avatar.file import parse_avatar
    from splatavatar.avatar.format.container import EXPECTED, LARGEST_FILE
    from splatavatar.errors import AvatarFileError
    from splatavatar.input import read_bytes

    if not share:
        return path.absolute()
    content = read_bytes(path, AvatarFileError, EXPECTED, LARGEST_FILE)
    tell_consent(parse_avatar(content, printable(path)), path, without_consent)
    return content


def tell_address(name: str, at: Place, query: str) -> str:
    """Print where the page is, as a QR code too where it is shared and somebody sees it; returns the address."""
    from splatavatar.viewer.share import qr_code

    address = at.address(query)
    tell(f"{name} at {address} (Ctrl-C ends)")
    if at.token is not None and sys.stdout is not None and sys.stdout.isatty():
        tell(qr_code(address))
        tell("A browser warns of the certificate, which this machine has signed itself: go on to the page.")
    return address

"""``splatavatar mark``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.trust.credentials.certificate import Certificate
    from splatavatar.trust.credentials.marker import Marker


def mark(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Films, pictures, exports, recordings that were cut off.")
    ],
    avatar: Annotated[
        str | None,
        typer.Option("--avatar", metavar="AVATAR", help="Whose avatar it shows: a file.", show_default=False),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", metavar="FILE", help="Certificates in PEM, the signer's first.", show_default="your own"
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Key of the certificate, in PEM.", show_default=False)
    ] = None,
) -> None:
    """Give files content credentials that they lack: that they show an avatar, signed.

    Credentials that a file has stay, as those of what it was made from. A recording whose program was killed is made a
    film of first; it is found by the name of the film.
    """
    if (certificate is None) != (key is None):
        raise SettingsError("--certificate and --key go together: give both or neither.")

    from splatavatar.avatar.file import load_avatar
    from splatavatar.trust.credentials.certificate import own_certificate, read_certificate
    from splatavatar.trust.credentials.marker import Marker
    from splatavatar.trust.credentials.origin import Origin, origin_of

    signing = own_certificate() if certificate is None or key is None else read_certificate(certificate, key)
    marker = Marker(Origin() if avatar is None else origin_of(load_avatar(avatar)), signing)
    anew = avatar is not None or certificate is not None
    for file in files:
        _mark(file, marker, signing, anew)


def _mark(path: Path, marker: Marker, certificate: Certificate, anew: bool) -> None:
    """Mark one file, unless it is and ``anew`` does not ask for more."""
    from splatavatar.drive.sinks.repairing import container_of, is_unfinished, repaired
    from splatavatar.output import left_beside
    from splatavatar.trust.credentials.mark import check_kind, check_markable, mark_file
    from splatavatar.trust.credentials.read import credentials_of

    recordings, made = left_beside(path), False
    if recordings and not os.path.lexists(path):
        path, made = repaired(recordings.pop(0), path), True
    elif path.suffix == ".part" or (container_of(path) is not None and is_unfinished(path)):
        path, made = repaired(path), True
    if made:
        tell(f"{path}: made of a recording that was cut off")
    for recording in recordings:
        tell(f"{recording}: another recording that was cut off, for a film of the same name", err=True)
    check_kind(path)
    there = credentials_of(path)
    if there is not None and there.ours and there.holds and not anew:
        tell(f"{path}: has its content credentials ({there.place})")
        return
    check_markable(there)
    place = mark_file(path, marker, opened=not made)
    kept = "" if there is None or there.place != path else "; those that it had are kept in it"
    vouched = "; signed by this installation, which nobody vouches for" if certificate.self_made else ""
    tell(f"{place}: content credentials{' of ' + str(path) if place != path else ''}{vouched}{kept}")

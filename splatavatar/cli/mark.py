"""``splatavatar mark``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError, TrustError

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

    Credentials that a file has stay, as those of what it was made from. A recording of this package whose program was
    killed is made a film of first; it is found by the name of the film.
    """
    if (certificate is None) != (key is None):
        raise SettingsError("--certificate and --key go together: give both or neither.")

    from splatavatar.avatar.file import load_avatar
    from splatavatar.trust.credentials.certificate import own_certificate, read_certificate
    from splatavatar.trust.credentials.marker import Marker
    from splatavatar.trust.credentials.origin import Origin, origin_of

    recordings = [_found(file) for file in files]  # what is not there is said before a certificate is made
    signing = own_certificate() if certificate is None or key is None else read_certificate(certificate, key)
    marker = Marker(Origin() if avatar is None else origin_of(load_avatar(avatar)), signing)
    anew = avatar is not None or certificate is not None
    for file, recording in zip(files, recordings, strict=True):
        _mark(file, recording, marker, signing, anew)


def _found(path: Path) -> Path | None:
    """The recording of which a film is to be made before it is marked: ``path`` itself, or one that was to be it.

    None for what is whole: all that has credentials, and all that others wrote. Raises TrustError for what is not
    there, or is of no kind that is marked.
    """
    from splatavatar.drive.sinks.repairing import is_leftover, is_unfinished
    from splatavatar.input import check_input
    from splatavatar.output import left_beside
    from splatavatar.trust.credentials.mark import check_kind
    from splatavatar.trust.credentials.read import EXPECTED, credentials_of

    if not os.path.lexists(path) and (left := left_beside(path)):
        return left[0]
    check_input(path, TrustError, EXPECTED)
    if is_leftover(path):
        return path
    check_kind(path)
    return path if is_unfinished(path) and credentials_of(path) is None else None


def _mark(path: Path, recording: Path | None, marker: Marker, certificate: Certificate, anew: bool) -> None:
    """Mark one file, unless it is and ``anew`` does not ask for more."""
    from splatavatar.drive.sinks.repairing import repaired
    from splatavatar.output import left_beside
    from splatavatar.trust.credentials.mark import check_kind, check_markable, mark_file
    from splatavatar.trust.credentials.read import credentials_of

    if recording is not None:
        path = repaired(recording, None if recording == path else path)
        tell(f"{path}: made of a recording that was cut off")
    for other in left_beside(path):
        tell(f"{other}: another recording that was cut off, for a film of the same name", err=True)
    check_kind(path)
    there = credentials_of(path)
    if there is not None and there.ours and there.holds and not anew:
        tell(f"{path}: has its content credentials ({there.place})")
        return
    check_markable(there)
    place = mark_file(path, marker, opened=recording is None or there is not None)
    kept = "" if there is None or there.place != place else "; those that it had are kept in it"
    vouched = "; signed by this installation, which nobody vouches for" if certificate.self_made else ""
    tell(f"{place}: content credentials{' of ' + str(path) if place != path else ''}{vouched}{kept}")

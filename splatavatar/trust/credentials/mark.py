"""Marking a file that is there: what others wrote, or what was written without marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import TrustError
from splatavatar.input import open_input, read_bytes
from splatavatar.output import atomic_write
from splatavatar.printable import printable
from splatavatar.trust.credentials.certificate import own_certificate
from splatavatar.trust.credentials.formats import INSIDE, OUTSIDE, SIDECAR, drop_sidecar, is_marked, sidecar_of
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin, origin_of
from splatavatar.trust.credentials.read import EXPECTED, LARGEST_SIDECAR, Credentials, credentials_of


def mark_file(path: Path, marker: Marker, opened: bool = False) -> Path:
    """Give the file at ``path``, of any kind, credentials; returns where they lie: in it, or beside it (``NAME.c2pa``).

    ``opened``: it was there before; credentials that it has are kept, as those of what it was made from.

    Raises:
        TrustError: it cannot be read, or is not what its name says.
        OutputError: it cannot be written; it is as it was.
    """
    media_type = INSIDE.get(path.suffix.lower())
    with open_input(path, TrustError, EXPECTED) as source:
        try:
            if media_type is None:
                place = sidecar_of(path)
                made = marker.beside(source, opened, _before(place) if opened else None)
                with atomic_write(place) as out:
                    out.write(made)
                return place
            with atomic_write(path) as out:
                marker.copy(source, out, media_type, opened)
        except TrustError as error:
            raise TrustError(f"{printable(path)}: it cannot be given content credentials: {error}") from error
    drop_sidecar(path)
    return path


def _before(place: Path) -> bytes | None:
    """The credentials that lie at ``place``, None where there are none. Raises TrustError."""
    return read_bytes(place, TrustError, "content credentials", LARGEST_SIDECAR) if place.is_file() else None


def check_markable(there: Credentials | None) -> None:
    """Raises TrustError for credentials of others that lie beside their file: there is no place to keep them in."""
    if there is not None and not there.ours and there.place.suffix == SIDECAR:
        raise TrustError(f"{printable(there.place)}: content credentials of others, which stay; move them away first")


def check_kind(path: Path) -> None:
    """Raises TrustError for a file of a kind that is not marked."""
    if not is_marked(path):
        raise TrustError(
            f"{printable(path)}: no kind of file that is marked, expected {', '.join((*INSIDE, *OUTSIDE))}."
        )


def add_credentials(path: str | Path, avatar: Avatar | None = None, driven_by: Sequence[str] = ()) -> Path:
    """Give the file at ``path`` content credentials, signed with the user's certificate; returns where they lie.

    >>> import splatavatar as sa
    >>> avatar = sa.load_avatar("demo")
    >>> _ = sa.write_rigged_mesh("marked.glb", avatar)
    >>> sa.add_credentials("marked.glb", avatar).name
    'marked.glb.c2pa'

    Args:
        path: a film, a picture or an export. Credentials that it has are kept, as those of what it was made from.
        avatar: who is seen.
        driven_by: kinds of what moved the face; of ``origin.DRIVERS``.

    Raises:
        TrustError: the file is of no kind that is marked, or the certificate cannot be used.
        OutputError: it cannot be written; it is as it was.
        DependencyError: ``c2pa`` or ``cryptography`` is not installed.
    """
    path = Path(path)
    check_kind(path)
    check_markable(credentials_of(path))
    origin = Origin() if avatar is None else origin_of(avatar, driven_by)
    return mark_file(path, Marker(origin, own_certificate()), opened=True)

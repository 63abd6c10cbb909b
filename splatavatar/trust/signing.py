"""Signing avatar files."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import DependencyError, OutputError
from splatavatar.trust.keys import SigningKey, own_key, read_key


def signature_of(sha256: str, key: SigningKey, day: datetime.date | None = None) -> Signature:
    """The signature by ``key`` of the content whose digest is ``sha256``, on ``day``, today where none is given."""
    unsigned = Signature(key.public, key.name, day or datetime.date.today(), sha256, "0" * 128)
    return Signature(unsigned.key, unsigned.name, unsigned.date, sha256, key.sign(unsigned.signed_bytes()))


def signer(key: str | Path | SigningKey | None) -> Callable[[str], str] | None:
    """What makes the entry ``signature`` of a digest: by ``key``, a file of one, or the user's own where it is None.

    None where the user has said nothing and ``cryptography`` is not installed, or there is no place for a key.

    Raises TrustError for a key that cannot be used, DependencyError where one is named without ``cryptography``.
    """
    if key is None:
        try:
            key = own_key()
        except (DependencyError, OutputError):
            return None
    signing = key if isinstance(key, SigningKey) else read_key(Path(key))
    return lambda sha256: signature_of(sha256, signing).to_text()


def sign_avatar(
    path: str | Path, out: str | Path, key: str | Path | SigningKey | None = None, day: datetime.date | None = None
) -> None:
    """Write the avatar of ``path`` to ``out``, which may be the same file, with a signature; one that is there goes.

    Nothing else of the content changes.

    Args:
        path: the avatar file; ``demo`` as everywhere.
        out: where it is written.
        key: a key of Ed25519, or the file of one; None: the user's own, made at first use.
        day: of the signature; None: today.

    Raises:
        AvatarFileError: ``path`` is no intact avatar.
        TrustError: a key that cannot be used.
        OutputError: it cannot be written.
        DependencyError: ``cryptography`` is not installed.
    """
    signing = own_key() if key is None else key if isinstance(key, SigningKey) else read_key(Path(key))
    save_avatar(out, load_avatar(path), lambda sha256: signature_of(sha256, signing, day).to_text())

"""Signing avatar files."""

from __future__ import annotations

import datetime
from pathlib import Path

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.signature import Signature
from splatavatar.trust.keys import SigningKey


def signature_of(sha256: str, key: SigningKey, day: datetime.date | None = None) -> Signature:
    """The signature by ``key`` of the content whose digest is ``sha256``, on ``day``, today where none is given."""
    unsigned = Signature(key.public, key.name, day or datetime.date.today(), sha256, "0" * 128)
    return Signature(unsigned.key, unsigned.name, unsigned.date, sha256, key.sign(unsigned.signed_bytes()))


def sign_file(path: str | Path, out: str | Path, key: SigningKey, day: datetime.date | None = None) -> Signature:
    """Write the avatar of ``path`` to ``out``, which may be the same file, signed by ``key``; returns the signature.

    A signature that is there is replaced. Nothing else of the content changes.

    Raises AvatarFileError for no intact avatar, OutputError where it cannot be written.
    """
    made: list[Signature] = []

    def sign(sha256: str) -> str:
        made.append(signature_of(sha256, key, day))
        return made[-1].to_text()

    save_avatar(out, load_avatar(path), sign)
    return made[-1]

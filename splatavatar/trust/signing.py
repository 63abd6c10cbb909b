"""Signing avatar files."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from pathlib import Path

from splatavatar.avatar.file import Sign, load_avatar, save_avatar
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import SplatAvatarError
from splatavatar.trust.keys import SigningKey, own_key, own_key_is_there, read_key


def signature_of(sha256: str, key: SigningKey, day: datetime.date | None = None) -> Signature:
    """The signature by ``key`` of the content whose digest is ``sha256``, on ``day``, today where none is given."""
    unsigned = Signature(key.public, key.name, day or datetime.date.today(), sha256, "0" * 128)
    return Signature(unsigned.key, unsigned.name, unsigned.date, sha256, key.sign(unsigned.signed_bytes()))


def signer(
    key: str | Path | SigningKey | None, unsigned: Callable[[SplatAvatarError], None] = lambda why: None
) -> Sign:
    """What makes the entry ``signature`` of a digest: by ``key``, a file of one, or the user's own where it is None.

    A key that is there is opened now. Where there is none yet, it is made when it is needed, so that nothing is made
    by work that fails; if that fails, ``unsigned`` is told why, and nothing is lost for it.

    Raises TrustError for a key that cannot be used, DependencyError where one is named without ``cryptography``.
    """
    if key is None and own_key_is_there():
        key = own_key()
    if key is None:
        return partial(_by_new_key, unsigned=unsigned)
    signing = _opened(key)
    return lambda sha256: signature_of(sha256, signing).to_text()


def _opened(key: str | Path | SigningKey) -> SigningKey:
    return key if isinstance(key, SigningKey) else read_key(Path(key))


def _by_new_key(sha256: str, unsigned: Callable[[SplatAvatarError], None]) -> str | None:
    try:
        return signature_of(sha256, own_key()).to_text()
    except SplatAvatarError as error:
        unsigned(error)
        return None


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
    signing = own_key() if key is None else _opened(key)
    save_avatar(out, load_avatar(path), lambda sha256: signature_of(sha256, signing, day).to_text())

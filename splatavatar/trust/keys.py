"""The key by which a user signs avatars: Ed25519 (RFC 8032), in a file of their own, made when it is first needed."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.avatar.format.signature import LONGEST_NAME
from splatavatar.errors import OutputError, TrustError
from splatavatar.extras import required
from splatavatar.folders import config_folder
from splatavatar.input import open_private, read_open
from splatavatar.locks import alone_in
from splatavatar.output import make_folder, private_write
from splatavatar.printable import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LOG = logging.getLogger("splatavatar")
UNNAMED = "unnamed"
"""the name of who has not said any"""
EXPECTED = "a private key of Ed25519 in PEM"
PASSWORD = "SPLATAVATAR_KEY_PASSWORD"
"""the variable of the environment that may hold the password of a key, for programs that nobody types for"""
_LARGEST = 1 << 16
_BEGIN, _ENCRYPTED = re.compile(rb"^-----BEGIN ", re.MULTILINE), b"ENCRYPTED"
_NAME, _PUBLIC = "Name: ", "Public: "
_PRIME = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_NOBODYS = frozenset({0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH})
"""the coordinate y of the points of Ed25519 whose order is 1, 2, 4 or 8"""


class PasswordNeeded(TrustError):
    """A key with a password that was not given: who can be asked for it may try again."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and how its owner calls themselves."""

    private: Ed25519PrivateKey
    name: str

    @property
    def public(self) -> str:
        """The public key, 64 hexadecimal digits."""
        return self.private.public_key().public_bytes_raw().hex()

    @property
    def fingerprint(self) -> str:
        """See ``fingerprint``."""
        return fingerprint(self.public)

    def sign(self, content: bytes) -> str:
        """The signature of ``content``, 128 hexadecimal digits; the same key and content give the same one."""
        return self.private.sign(content).hex()


def fingerprint(public: str) -> str:
    """What people compare of a public key: the first 32 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:32]


def grouped(digits: str) -> str:
    """A fingerprint as it is shown: groups of four digits."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def fingerprint_of(text: str) -> str:
    """The fingerprint that somebody typed, with or without spaces, colons and capitals. Raises TrustError."""
    digits = "".join(text.split()).replace(":", "").lower()
    if len(digits) != 32 or set(digits) - set("0123456789abcdef"):
        raise TrustError(f"{printable(text)!r} is no fingerprint, expected 32 hexadecimal digits, as verify shows them")
    return digits


def verified(public: str, content: bytes, signature: str) -> bool:
    """Whether ``signature`` of ``content`` is of the key ``public``, both hexadecimal. Needs ``cryptography``.

    Never of one of the few keys for which anybody can make signatures that are of any content: points of small order.
    """
    required("cryptography")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        point = bytes.fromhex(public)
        if (int.from_bytes(point, "little") & (1 << 255) - 1) % _PRIME in _NOBODYS:
            return False
        Ed25519PublicKey.from_public_bytes(point).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def own_key_path() -> Path:
    """Where the user's own key lies. Raises OutputError where there is no place for it."""
    return config_folder() / "key.pem"


def own_key_is_there() -> bool:
    """Whether the user has a key, which could be made and was not yet. False where there is no place for one."""
    try:
        return os.path.lexists(own_key_path())
    except OutputError:
        return False


def own_key(password: str | None = None) -> SigningKey:
    """The user's own key, made now where there is none, which the log says.

    Raises:
        TrustError: as ``read_key``.
        OutputError: it cannot be written.
        DependencyError: ``cryptography`` is not installed.
    """
    required("cryptography")
    path = own_key_path()
    if not os.path.lexists(path):
        make_folder(path.parent, 0o700)
        with alone_in(path.parent, lambda: None):
            if not os.path.lexists(path):
                write_key(path, new_key(UNNAMED))
                LOG.warning("A key that signs your avatars was made: %s (yours alone; keep a copy).", printable(path))
    return read_key(path, password)


def new_key(name: str) -> SigningKey:
    """A new key. Raises TrustError for a name that is no line, DependencyError without ``cryptography``."""
    required("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return SigningKey(Ed25519PrivateKey.generate(), checked_name(name))


def checked_name(name: str) -> str:
    """The name of a signer. Raises TrustError for what is no line of text."""
    if not name or name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise TrustError(f"the name of a signer is a line of 1 to {LONGEST_NAME} characters, no space at its ends")
    return name


def write_key(path: Path, key: SigningKey, password: str | None = None) -> None:
    """Write a key in PEM (PKCS 8), which only its user may read, encrypted where there is a password.

    The name and the public key stand before it, as RFC 7468 allows texts to. Raises OutputError.
    """
    from cryptography.hazmat.primitives import serialization

    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    content = key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    with private_write(path) as file:
        file.write(f"{_NAME}{key.name}\n{_PUBLIC}{key.public}\n".encode() + content)


def read_key(path: Path, password: str | None = None) -> SigningKey:
    """Read a key; the password that the environment has (``PASSWORD``) stands for one that is not given.

    Raises:
        TrustError: no such file or no key in it, one that others may read, or a wrong password.
        PasswordNeeded: it has a password, which was not given.
        DependencyError: ``cryptography`` is not installed.
    """
    required("cryptography")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    shown = printable(path)
    preamble, content = _parts(path)
    secret = (password or os.environ.get(PASSWORD) or "").encode() if _ENCRYPTED in content else None
    if secret == b"":
        raise PasswordNeeded(f"{shown}: this key has a password, which was not given")
    try:
        private = load_pem_private_key(content, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if secret is not None:
            raise TrustError(f"{shown}: the password of this key is wrong, or the key is damaged") from error
        raise TrustError(f"{shown}: not {EXPECTED}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise TrustError(f"{shown}: a key of another kind, expected {EXPECTED}")
    return SigningKey(private, _said(preamble, _NAME) or UNNAMED)


def has_password(path: Path) -> bool:
    """Whether the key at ``path`` is encrypted. Raises TrustError as ``read_key``."""
    return _ENCRYPTED in _parts(path)[1]


def own_public() -> tuple[str, str] | None:
    """The user's own public key and name, for which no password is needed; None where there is no key that says it."""
    if not own_key_is_there():
        return None
    try:
        preamble = _parts(own_key_path())[0]
        public = _said(preamble, _PUBLIC)
        if public is not None and re.fullmatch("[0-9a-f]{64}", public):
            return public, _said(preamble, _NAME) or UNNAMED
        key = read_key(own_key_path())
    except TrustError:
        return None
    return key.public, key.name


def _parts(path: Path) -> tuple[str, bytes]:
    """What stands before the key in a file, and the key. Raises TrustError."""
    with open_private(path, EXPECTED) as file:
        content = read_open(file, path, TrustError, EXPECTED, _LARGEST)
    begins = _BEGIN.search(content)
    place = 0 if begins is None else begins.start()
    return content[:place].decode("utf-8", "replace"), content[place:]


def _said(preamble: str, field: str) -> str | None:
    """The line of ``field`` in the text before a key; keys of other programs have none."""
    for line in preamble.splitlines():
        said = line.removeprefix(field)
        if said != line and said.strip() and len(said) <= LONGEST_NAME and said.isprintable():
            return said
    return None

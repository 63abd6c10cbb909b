"""Taking back a signature: a small text that the signer signs, handed to whoever checks avatars; no server is asked.

It is JSON, as ``canonical_json`` writes it, of

    what        ``avatar``: one content is taken back; ``key``: everything that the key has ever signed
    of          the digest of the avatar, or the public key, 64 hexadecimal digits
    key         the public key that signs this, 64 hexadecimal digits
    name        how the signer calls themselves
    date        YYYY-MM-DD
    signature   of the line ``splatavatar revocation 1``, a line feed, and the same JSON without ``signature``
"""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import day_of
from splatavatar.avatar.format.container import canonical_json, parse_json
from splatavatar.avatar.format.signature import LONGEST_NAME, Signature
from splatavatar.errors import OutputError, TrustError
from splatavatar.input import read_text
from splatavatar.output import atomic_write
from splatavatar.printable import printable
from splatavatar.trust.keys import SigningKey, verified

FIRST = "splatavatar revocation 1\n"
KINDS = ("avatar", "key")
EXPECTED = "a revocation as splatavatar revoke writes it"
_FIELDS = ("date", "key", "name", "of", "signature", "what")
_LARGEST = 1 << 14


@dataclass(frozen=True)
class Revocation:
    """What is taken back, by whom and when. Whether ``signature`` is theirs, ``genuine`` says."""

    what: str
    of: str
    key: str
    name: str
    date: datetime.date
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature is of."""
        return (FIRST + canonical_json(self._signed())).encode()

    def to_text(self) -> str:
        """The content of its file."""
        return canonical_json({**self._signed(), "signature": self.signature})

    def genuine(self) -> bool:
        """Whether the key that it names has signed it. Needs ``cryptography``."""
        return verified(self.key, self.signed_bytes(), self.signature)

    def takes_back(self, signature: Signature) -> bool:
        """Whether ``signature`` is taken back by it. Only who signed can do so."""
        if self.key != signature.key:
            return False
        return self.of == (signature.sha256 if self.what == "avatar" else signature.key)

    def _signed(self) -> dict[str, str]:
        return {
            "what": self.what,
            "of": self.of,
            "key": self.key,
            "name": self.name,
            "date": self.date.isoformat(),
        }

    @classmethod
    def from_text(cls, text: str, shown: str) -> Revocation:
        """The revocation in ``text``, which messages call ``shown``. Raises TrustError; who signed is not checked."""
        try:
            value = parse_json(text.strip(), "it")
        except Defect as defect:
            raise TrustError(f"{shown}: {defect}, expected {EXPECTED}") from defect
        if not isinstance(value, dict) or sorted(value) != list(_FIELDS):
            raise TrustError(f"{shown}: not a table of {', '.join(_FIELDS)}, expected {EXPECTED}")
        for field, digits in (("of", 64), ("key", 64), ("signature", 128)):
            if not isinstance(value[field], str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value[field]):
                raise TrustError(f"{shown}: its {field} is not {digits} hexadecimal digits, expected {EXPECTED}")
        if value["what"] not in KINDS:
            raise TrustError(f"{shown}: it revokes neither an avatar nor a key, expected {EXPECTED}")
        if value["what"] == "key" and value["of"] != value["key"]:
            raise TrustError(f"{shown}: it revokes another key than the one that signs it, expected {EXPECTED}")
        name = value["name"]
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise TrustError(f"{shown}: its name is not a line, expected {EXPECTED}")
        day = day_of(value["date"])
        if day is None:
            raise TrustError(f"{shown}: its date is not a day, expected {EXPECTED}")
        return cls(value["what"], value["of"], value["key"], name, day, value["signature"])


def revoke(signature: Signature, key: SigningKey, whole_key: bool = False) -> Revocation:
    """Takes back ``signature``, or all that ``key`` has signed. Raises TrustError where it is of another key."""
    if key.public != signature.key:
        raise TrustError("this avatar was signed by another key; only the key that signed it can revoke it")
    what, of = ("key", key.public) if whole_key else ("avatar", signature.sha256)
    bare = Revocation(what, of, key.public, key.name, datetime.date.today())
    return Revocation(what, of, key.public, key.name, bare.date, key.sign(bare.signed_bytes()))


def check_place(path: Path) -> None:
    """Raises OutputError where something else than a revocation is at ``path``, an avatar or a key above all."""
    if os.path.lexists(path):
        try:
            Revocation.from_text(read_text(path, TrustError, EXPECTED, _LARGEST), printable(path))
        except TrustError as error:
            raise OutputError(
                f"{printable(path)}: something else than a revocation is there, and stays; name another file"
            ) from error


def write_revocation(path: Path, revocation: Revocation) -> None:
    """Write a revocation for others; an older one goes. Raises OutputError as ``check_place``, and where it cannot."""
    check_place(path)
    with atomic_write(path) as file:
        file.write(revocation.to_text().encode() + b"\n")


def read_revocation(path: Path) -> Revocation:
    """Read a revocation that its key has signed. Raises TrustError; DependencyError without ``cryptography``."""
    shown = printable(path)
    found = Revocation.from_text(read_text(path, TrustError, EXPECTED, _LARGEST), shown)
    if not found.genuine():
        raise TrustError(f"{shown}: its signature is not that of the key it names, so it revokes nothing")
    return found

"""What the entry ``signature`` of a file's header holds, and the text that is signed.

The entry is JSON, as ``canonical_json`` writes it, of

    key         the public key of Ed25519 (RFC 8032), 64 hexadecimal digits
    name        how the signer calls themselves; words, which the key alone makes theirs
    date        the day of the signature, YYYY-MM-DD
    sha256      the digest of the file, see ``digest``: it covers every tensor and every other entry, so the consent too
    signature   of the text below, 128 hexadecimal digits

What is signed is the line ``splatavatar signature 1``, a line feed, and the same JSON without ``signature``, in UTF-8.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import day_of
from splatavatar.avatar.format.container import canonical_json, parse_json

FIRST = "splatavatar signature 1\n"
LONGEST = 4096
"""characters of the entry"""
LONGEST_NAME = 200
_FIELDS = ("date", "key", "name", "sha256", "signature")


@dataclass(frozen=True)
class Signature:
    """Who signed which content, and when, as the file says it; whether that is true only the key can tell."""

    key: str
    """public, 64 hexadecimal digits"""
    name: str
    date: datetime.date
    sha256: str
    """the digest of the file that was signed"""
    signature: str
    """128 hexadecimal digits"""

    def to_text(self) -> str:
        """The entry of the header."""
        return canonical_json({**self._signed(), "signature": self.signature})

    def signed_bytes(self) -> bytes:
        """What the signature is of."""
        return (FIRST + canonical_json(self._signed())).encode()

    def _signed(self) -> dict[str, Any]:
        return {"key": self.key, "name": self.name, "date": self.date.isoformat(), "sha256": self.sha256}

    @classmethod
    def from_text(cls, text: str) -> Signature:
        """Read the entry. Raises Defect for anything but the text that ``to_text`` writes."""
        if len(text) > LONGEST:
            raise Defect(f"its signature takes {len(text)} characters, the limit is {LONGEST}")
        value = parse_json(text, "its signature")
        if not isinstance(value, dict) or sorted(value) != list(_FIELDS):
            raise Defect(f"its signature is not a table of {', '.join(_FIELDS)}")
        for field, digits in (("key", 64), ("sha256", 64), ("signature", 128)):
            if not isinstance(value[field], str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value[field]):
                raise Defect(f"the {field} of its signature is not {digits} hexadecimal digits")
        name = value["name"]
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise Defect(f"the name in its signature is not a line of 1 to {LONGEST_NAME} characters")
        day = day_of(value["date"])
        if day is None:
            raise Defect("the date of its signature is not a day such as 2026-11-27")
        found = cls(value["key"], name, day, value["sha256"], value["signature"])
        if found.to_text() != text:
            raise Defect("its signature is written in another way than splatavatar writes one")
        return found


def signs(text: str, sha256: str) -> bool:
    """Whether the entry ``text`` says that it signs the content of that digest."""
    try:
        return Signature.from_text(text).sha256 == sha256
    except Defect:
        return False

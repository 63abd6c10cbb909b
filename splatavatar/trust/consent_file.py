"""A record of consent as people write it: a file in TOML."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import FIELDS, Consent
from splatavatar.errors import TrustError
from splatavatar.input import read_text
from splatavatar.printable import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST = 1 << 19
"""bytes of the file"""
MOST_DOTS = 64
"""of a line: a name of many parts takes memory by the square of their number"""
WRITTEN = (*(name for name in FIELDS if name != "spoken"), "hash_sources")
"""the fields of the file"""
EXPECTED = "a record of consent in TOML"


@dataclass(frozen=True)
class GivenConsent:
    """A record of consent as it was given to a bake, and what that shall add to it."""

    consent: Consent
    hash_sources: bool = False
    """whether the SHA-256 of the footage go into the record"""

    def to_json(self) -> dict[str, Any]:
        """The table that ``from_json`` reads."""
        return {**self.consent.to_json(), "hash_sources": self.hash_sources}

    @classmethod
    def from_json(cls, value: Any, what: str = "the record of consent") -> GivenConsent:
        """Reads the fields of ``Consent``, and ``hash_sources``. Raises Defect, which calls it all ``what``."""
        if not isinstance(value, dict):
            raise Defect(f"{what} is not a table")
        hash_sources = value.get("hash_sources", False)
        if type(hash_sources) is not bool:
            raise Defect(f"hash_sources of {what} is neither true nor false")
        if hash_sources and "sources" in value:
            raise Defect(f"sources and hash_sources of {what} exclude each other")
        rest = {name: item for name, item in value.items() if name != "hash_sources"}
        return cls(Consent.from_json(rest, what), hash_sources)


def read_consent(path: str | Path) -> GivenConsent:
    """The record in the file at ``path``: the fields of ``Consent``, and ``hash_sources``, true or false.

    ``spoken`` is no field of it: a bake hears for itself what was said. Raises TrustError, one sentence.
    """
    text, shown = read_text(path, TrustError, EXPECTED, LARGEST), printable(path)
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise TrustError(f"{shown}: a line with more than {MOST_DOTS} dots, expected {EXPECTED}.")
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = " ".join(printable(str(error)).split()) if isinstance(error, ValueError) else "tables too deep"
        raise TrustError(f"{shown}: not valid TOML ({why[:200]}), expected {EXPECTED}.") from error
    if "spoken" in values:
        raise TrustError(f"{shown}: spoken is what a bake hears in the footage; it is not written by hand.")
    for name in values:
        if name not in WRITTEN:
            known = ", ".join(WRITTEN)
            raise TrustError(f"{shown}: the unknown field {printable(name[:40])!r}; the fields are {known}.")
    try:
        return GivenConsent.from_json(values)
    except Defect as defect:
        raise TrustError(f"{shown}: {defect}.") from defect

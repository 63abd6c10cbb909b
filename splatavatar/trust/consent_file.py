"""A record of consent as people write it: a file in TOML."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import Consent
from splatavatar.errors import TrustError
from splatavatar.input import read_text
from splatavatar.printable import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST = 1 << 20
"""bytes of the file"""
EXPECTED = "a record of consent in TOML"


@dataclass(frozen=True)
class GivenConsent:
    """A record of consent as it was given to a bake, and what that shall add to it."""

    consent: Consent
    hash_sources: bool = False
    """whether the SHA-256 of the footage go into the record"""


def read_consent(path: str | Path) -> GivenConsent:
    """The record in the file at ``path``: the fields of ``Consent``, and ``hash_sources``, true or false.

    ``spoken`` is no field of it: a bake hears for itself what was said. Raises TrustError, one sentence.
    """
    text, shown = read_text(path, TrustError, EXPECTED, LARGEST), printable(path)
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = " ".join(printable(str(error)).split()) if isinstance(error, ValueError) else "tables too deep"
        raise TrustError(f"{shown}: not valid TOML ({why[:200]}), expected {EXPECTED}.") from error
    hash_sources = values.pop("hash_sources", False)
    if type(hash_sources) is not bool:
        raise TrustError(f"{shown}: hash_sources is neither true nor false.")
    if "spoken" in values:
        raise TrustError(f"{shown}: spoken is what a bake hears in the footage; it is not written by hand.")
    if hash_sources and "sources" in values:
        raise TrustError(f"{shown}: sources and hash_sources exclude each other: give one of them.")
    try:
        return GivenConsent(Consent.from_json(values, "the record of consent"), hash_sources)
    except Defect as defect:
        raise TrustError(f"{shown}: {defect}.") from defect

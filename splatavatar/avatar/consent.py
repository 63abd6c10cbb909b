"""Whose face an avatar shows, who says that it may be shown, and to what end: the record of consent in its metadata.

The record is words of whoever baked the avatar. What proves anything is beside it: the signature of the file, and the
sentence that the person spoke, where the footage has it.
"""

from __future__ import annotations

import datetime
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from splatavatar.avatar.avatar import Defect

SCOPES = ("private", "calls", "publication", "commercial", "training")
"""what may be done with an avatar: at home and alone; in calls and rooms with others; shown in public; to earn money;
to train models"""
LONGEST_NAME, LONGEST_TEXT = 200, 500
"""characters"""
MOST_SOURCES = 4096
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NEEDED = ("subject", "given_by", "how", "date", "scope")
FIELDS = (*_NEEDED, "expires", "revocation", "sources", "spoken")
_SPOKEN = ("sha256", "begins", "ends", "date")


@dataclass(frozen=True)
class SpokenProof:
    """That the person on the footage said a sentence with a code that was made for this moment; never the sound."""

    sha256: str
    """of the sound in which the sentence was heard, 64 hexadecimal digits"""
    begins: float
    ends: float
    """seconds of the clip"""
    date: datetime.date
    """on which the code was drawn"""


@dataclass(frozen=True)
class Consent:
    """The consent of a person to be shown as an avatar."""

    subject: str
    """who is shown: a name or a pseudonym"""
    given_by: str
    """who says so: the person, or who may speak for them"""
    how: str
    """in which form: asked at the terminal, a signed form, ..."""
    date: datetime.date
    scope: frozenset[str]
    """of ``SCOPES``: what is allowed; what is not in it is not"""
    expires: datetime.date | None = None
    """the last day on which it holds"""
    revocation: str | None = None
    """where the person says that they take it back: an address of any kind, which nothing here opens"""
    sources: tuple[str, ...] = ()
    """SHA-256 of the footage, where that was asked for"""
    spoken: SpokenProof | None = None

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day is before ``today``."""
        return self.expires is not None and self.expires < today

    def to_json(self) -> dict[str, Any]:
        """The record as the metadata holds it; fields that say nothing are absent."""
        record: dict[str, Any] = {
            "subject": self.subject,
            "given_by": self.given_by,
            "how": self.how,
            "date": self.date.isoformat(),
            "scope": {name: name in self.scope for name in SCOPES},
        }
        if self.expires is not None:
            record["expires"] = self.expires.isoformat()
        if self.revocation is not None:
            record["revocation"] = self.revocation
        if self.sources:
            record["sources"] = list(self.sources)
        if self.spoken is not None:
            spoken = self.spoken
            record["spoken"] = {
                "sha256": spoken.sha256,
                "begins": spoken.begins,
                "ends": spoken.ends,
                "date": spoken.date.isoformat(),
            }
        return record

    @classmethod
    def from_json(cls, value: Any, what: str = "its record of consent") -> Consent:
        """The record that ``value`` holds; fields that are not known are refused, a wish would go unheard else.

        Raises Defect, which calls the record ``what``.
        """
        if not isinstance(value, dict):
            raise Defect(f"{what} is not a table")
        for name in value:
            if name not in FIELDS:
                raise Defect(f"{what} has the unknown field {str(name)[:40]!r}; the fields are {', '.join(FIELDS)}")
        for name in _NEEDED:
            if name not in value:
                raise Defect(f"{what} has no {name}")
        given = _date(value["date"], f"date of {what}")
        expires = None if value.get("expires") is None else _date(value["expires"], f"expires of {what}")
        if expires is not None and expires < given:
            raise Defect(f"{what} expires on {expires}, before it was given on {given}")
        revocation = value.get("revocation")
        return cls(
            _line(value["subject"], f"subject of {what}", LONGEST_NAME),
            _line(value["given_by"], f"given_by of {what}", LONGEST_NAME),
            _line(value["how"], f"how of {what}", LONGEST_TEXT),
            given,
            _scope(value["scope"], f"scope of {what}"),
            expires,
            None if revocation is None else _line(revocation, f"revocation of {what}", LONGEST_TEXT),
            _sources(value.get("sources", []), f"sources of {what}"),
            None if value.get("spoken") is None else _spoken(value["spoken"], f"spoken of {what}"),
        )


def day_of(text: object) -> datetime.date | None:
    """The day that a text such as 2026-11-27 names; None for any other value."""
    # Of what ``fromisoformat`` takes, newer versions of Python take more.
    if isinstance(text, str) and _DATE.fullmatch(text):
        with suppress(ValueError):
            return datetime.date.fromisoformat(text)
    return None


def yet_to_come(day: datetime.date, today: datetime.date) -> bool:
    """Whether ``day`` is later than it is anywhere on Earth when it is ``today`` here."""
    return day > today + datetime.timedelta(days=1)


def consent_of(metadata: dict[str, Any]) -> Consent | None:
    """The record of consent in the metadata of an avatar; None where it has none. Raises Defect for a damaged one."""
    return Consent.from_json(metadata["consent"]) if "consent" in metadata else None


def _line(value: Any, what: str, longest: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise Defect(f"{what} is not a line of 1 to {longest} characters")
    return value


def _date(value: Any, what: str) -> datetime.date:
    # TOML has dates of its own; a time of day is one of its subclasses and says more than a day.
    if type(value) is datetime.date:
        return value
    found = day_of(value)
    if found is None:
        raise Defect(f"{what} is not a day such as 2026-11-27")
    return found


def _scope(value: Any, what: str) -> frozenset[str]:
    if not isinstance(value, dict) or not value:
        raise Defect(f"{what} is not a table of {', '.join(SCOPES)}, each true or false")
    for name, allowed in value.items():
        if name not in SCOPES:
            raise Defect(f"{what} has the unknown use {str(name)[:40]!r}; the uses are {', '.join(SCOPES)}")
        if type(allowed) is not bool:
            raise Defect(f"{name} in {what} is neither true nor false")
    return frozenset(name for name, allowed in value.items() if allowed)


def _sources(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_SOURCES or not all(map(_is_sha256, value)):
        raise Defect(f"{what} is not a list of SHA-256 in hexadecimal digits")
    return tuple(value)


def _spoken(value: Any, what: str) -> SpokenProof:
    if not isinstance(value, dict) or sorted(value) != sorted(_SPOKEN):
        raise Defect(f"{what} is not a table of {', '.join(_SPOKEN)}")
    if not _is_sha256(value["sha256"]):
        raise Defect(f"sha256 in {what} is not a SHA-256 in hexadecimal digits")
    span = value["begins"], value["ends"]
    if not all(type(end) in (int, float) and 0 <= end <= 1e6 for end in span) or not span[0] < span[1]:
        raise Defect(f"{what} does not begin before it ends, in seconds from 0")
    return SpokenProof(value["sha256"], float(span[0]), float(span[1]), _date(value["date"], f"date in {what}"))


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None

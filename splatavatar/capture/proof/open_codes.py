"""Codes that were handed out to be read aloud: what a bake listens for. One that was heard proves that film alone."""

from __future__ import annotations

import datetime
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from splatavatar.avatar.consent import day_of
from splatavatar.capture.proof.code import LENGTH, WORDS, Code
from splatavatar.errors import TrustError
from splatavatar.folders import data_folder
from splatavatar.input import read_json
from splatavatar.output import make_folder, private_write
from splatavatar.printable import printable

DAYS = 14
"""that a code holds from the day on which it was drawn"""
MOST = 4
"""codes that are kept; of more the oldest go"""
LARGEST = 1 << 16
"""bytes of the file"""

ANOTHER = "splatavatar consent say hands one out"


def open_codes(today: datetime.date) -> list[Code]:
    """The codes that were handed out in the last days, the newest first.

    Raises TrustError for a damaged file.
    """
    return [code for code in remembered_codes() if fresh(code, today)]


def why_none(today: datetime.date) -> str | None:
    """Why no code is open; None where one is. Raises TrustError for a damaged file."""
    codes = remembered_codes()
    if any(fresh(code, today) for code in codes):
        return None
    if codes:
        return f"the code of {codes[0].date} does not hold any more, a code does for {DAYS} days; {ANOTHER}"
    return f"no code is open; {ANOTHER}"


def fresh(code: Code, today: datetime.date) -> bool:
    """Whether a code holds today; a code of tomorrow is one that was drawn in another time zone."""
    return -1 <= (today - code.date).days < DAYS


def remembered_codes() -> list[Code]:
    """All codes, those that do not hold any more too, the newest first. Raises TrustError."""
    path = codes_path()
    if not os.path.lexists(path):
        return []
    expected = "the codes that splatavatar consent say has handed out"
    value = read_json(path, TrustError, expected, LARGEST)
    codes = _codes(value)
    if codes is None:
        raise TrustError(f"{printable(path)}: damaged, expected {expected}; remove it to begin anew")
    return codes


def hand_out(code: Code) -> None:
    """Remember a code, and no longer those that do not hold any more on its day.

    Raises OutputError, and TrustError for a damaged file.
    """
    _write([code, *(other for other in remembered_codes() if fresh(other, code.date))][:MOST])


def claim(code: Code, sha256: str) -> bool:
    """Whether a code proves the film in whose sound of that hash it was heard: the first one, baked however often.

    Raises OutputError, and TrustError for a damaged file.
    """
    known = remembered_codes()
    if any(other == code and other.heard not in (None, sha256) for other in known):
        return False
    if any(other == code and other.heard is None for other in known):
        _write([replace(other, heard=sha256) if other == code else other for other in known])
    return True


def codes_path() -> Path:
    """Where they lie. Raises OutputError where there is no place for them."""
    return data_folder() / "codes.json"


def _write(codes: list[Code]) -> None:
    path = codes_path()
    make_folder(path.parent, 0o700)
    values = [{"words": list(code.words), "date": code.date.isoformat(), "heard": code.heard} for code in codes]
    with private_write(path) as file:
        file.write(json.dumps(values, indent=1).encode())


def _codes(value: Any) -> list[Code] | None:
    try:
        codes = [Code(tuple(one["words"]), _day(one["date"]), one.get("heard")) for one in value]
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    whole = all(len(code.words) == LENGTH and all(word in WORDS for word in code.words) for code in codes)
    return codes if whole and len(codes) <= MOST else None


def _day(text: Any) -> datetime.date:
    day = day_of(text)
    if day is None:
        raise ValueError(text)
    return day

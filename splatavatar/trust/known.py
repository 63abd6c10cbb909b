"""What this user knows of others' keys: which were seen first when, which are trusted, and what was revoked."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from splatavatar.avatar.consent import day_of
from splatavatar.errors import TrustError
from splatavatar.folders import config_folder
from splatavatar.input import read_text
from splatavatar.locks import alone_in
from splatavatar.output import make_folder, private_write
from splatavatar.printable import printable
from splatavatar.trust.keys import UNNAMED, fingerprint
from splatavatar.trust.revocation import Revocation

EXPECTED = "the keys that splatavatar knows"
LARGEST = 16 << 20
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""characters of a line that leave nothing on the screen (Unicode's Default_Ignorable_Code_Point, and the empty Braille
cell)"""
_LATIN = str.maketrans(
    "\u0430\u0432\u0435\u0455\u0456\u0458\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u051b\u051d\u0501\u04bb\u04cf"
    "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7",
    "abesijkmhopctyxqwdhlabezhikmnoptyx",
)
"""small Cyrillic and Greek letters of which the capitals, or else these, are drawn as Latin ones (Unicode's
confusables)"""


@dataclass(frozen=True)
class KnownKey:
    """A key that was met."""

    key: str
    """public, 64 hexadecimal digits"""
    name: str
    since: datetime.date
    trusted: bool = False
    """whether the user has said that it is whose name it has"""


@dataclass
class KnownKeys:
    """All of them, by fingerprint, and the revocations that were handed over."""

    keys: dict[str, KnownKey] = field(default_factory=dict)
    revocations: list[Revocation] = field(default_factory=list)

    def meet(self, key: str, name: str, today: datetime.date) -> KnownKey | None:
        """Remember that ``key`` was met today; returns what was known of it before."""
        print_ = fingerprint(key)
        before = self.keys.get(print_)
        if before is None:
            self.keys[print_] = KnownKey(key, name, today)
        return before

    def trust(self, fingerprint_: str) -> KnownKey:
        """Trust a key that was met. Raises TrustError for one that was not."""
        if fingerprint_ not in self.keys:
            raise TrustError("no key of this fingerprint was met here; name it where an avatar of it is verified")
        self.keys[fingerprint_] = replace(self.keys[fingerprint_], trusted=True)
        return self.keys[fingerprint_]

    def forget(self, fingerprint_: str) -> KnownKey:
        """Forget a key. Raises TrustError for one that is not known."""
        if fingerprint_ not in self.keys:
            raise TrustError("no key of this fingerprint is known here")
        return self.keys.pop(fingerprint_)

    def others_called(self, name: str, key: str) -> list[KnownKey]:
        """Keys that go by ``name`` here, but for ``key``; none where the name is that of who has said none.

        Names that look alike are one: letters of another width or case, more spaces.
        """
        if alike(name) == UNNAMED:
            return []
        return [known for known in self.keys.values() if alike(known.name) == alike(name) and known.key != key]

    def to_json(self) -> dict[str, Any]:
        """What its file holds."""
        return {
            "keys": [
                {"key": known.key, "name": known.name, "since": known.since.isoformat(), "trusted": known.trusted}
                for known in self.keys.values()
            ],
            "revocations": [json.loads(revocation.to_text()) for revocation in self.revocations],
        }


def alike(name: str) -> str:
    """A name as it is compared with others: as Unicode's NFKC has it, without case and what is not seen, Cyrillic and
    Greek letters that look as Latin ones as these, one space between words."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", name)).casefold()
    return " ".join(_UNSEEN.sub("", plain).translate(_LATIN).split())


def known_path() -> Path:
    """Where the known keys lie. Raises OutputError where there is no place for them."""
    return config_folder() / "known_keys.json"


def read_known() -> KnownKeys:
    """What is known; nothing where nothing was written yet. Raises TrustError for a damaged file."""
    path = known_path()
    if not path.exists():
        return KnownKeys()
    shown = printable(path)
    text = read_text(path, TrustError, EXPECTED, LARGEST)
    try:
        value = json.loads(text)
        keys = [_known_key(one) for one in value["keys"]]
        revocations = [Revocation.from_text(json.dumps(one), shown) for one in value["revocations"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TrustError(f"{shown}: damaged, expected {EXPECTED}; remove it to begin anew") from error
    return KnownKeys({fingerprint(known.key): known for known in keys}, revocations)


@contextmanager
def changed_known() -> Iterator[KnownKeys]:
    """What is known, to be changed within the block and written at its end. Raises TrustError and OutputError."""
    path = known_path()
    make_folder(path.parent, 0o700)
    with alone_in(path.parent, lambda: None):
        known = read_known()
        before = known.to_json()
        yield known
        after = known.to_json()
        if after != before:
            with private_write(path) as file:
                file.write(json.dumps(after, indent=1).encode())


def _known_key(value: Any) -> KnownKey:
    if len(bytes.fromhex(value["key"])) != 32:
        raise ValueError("not a key")
    since = day_of(value["since"])
    if since is None:
        raise ValueError("not a day")
    return KnownKey(value["key"], str(value["name"]), since, value["trusted"] is True)

"""The keys that programs show to the service: made here, kept as digests, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from splatavatar.errors import TrustError
from splatavatar.folders import config_folder
from splatavatar.input import open_input, read_json
from splatavatar.locks import alone_in
from splatavatar.output import make_folder, private_write
from splatavatar.printable import printable

LOG = logging.getLogger("splatavatar")
SCOPES = ("sessions", "speech", "metrics", "admin")
"""what a key may be for: to open and end sessions, to have them speak, to read the figures, everything"""
MOST_KEYS = 10_000
FASTEST = 10_000.0
"""requests a second that a key may be allowed"""
EXPECTED = "a file of API keys, as splatavatar key api add writes it"
LARGEST = 8 << 20
LOOKED_AT = 1.0
"""seconds after which a change of the file is seen"""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHOWN = re.compile(r"sak_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_HEADER = 256
_NOBODY = "0" * 64


@dataclass(frozen=True)
class Key:
    """What is known of a key. The key itself is not."""

    id: str
    """12 hexadecimal digits, which are a part of the key: what logs and limits call it"""
    name: str
    """whose it is"""
    scopes: frozenset[str]
    rate: float | None = None
    """requests a second, where it has a limit of its own"""
    digest: str = field(default=_NOBODY, repr=False)
    """SHA-256 of the key. Of 256 random bits nobody finds the key by its digest, so that no slow hash is needed."""

    def may(self, scope: str) -> bool:
        """Whether the key is for that: one of ``SCOPES``."""
        return scope in self.scopes or "admin" in self.scopes


class ApiKeys:
    """The keys that are admitted. A file that they were read from may change meanwhile: that is seen within a second.

    Threads may share it.
    """

    def __init__(
        self, keys: Iterable[Key] = (), path: Path | None = None, state: tuple[int, ...] | None = None
    ) -> None:
        """
        Args:
            keys: those that are admitted.
            path: the file that they were read from, which is looked at again; None for keys that stay.
            state: what ``_state`` said of it before they were read.
        """
        self._path = path
        self._take(keys)
        self._state = self._seen = state
        self._looked = monotonic()

    @classmethod
    def read(cls, path: str | Path) -> ApiKeys:
        """The keys of a file. Raises TrustError for one that is damaged, or that others than its user may change."""
        path = Path(path)
        state = _state(path)  # before it is read: what changes in between is read again
        return cls(read_keys(path), path, state)

    def __len__(self) -> int:
        return len(self._keys)

    def check(self, header: str | None) -> Key | None:
        """The key of an ``Authorization`` header, ``Bearer KEY``; None for none, and for any that is not admitted.

        It takes as long for a key that is nearly right as for any other.
        """
        self._look()
        kind, _, text = (header or "")[:_LONGEST_HEADER].partition(" ")
        shown = _SHOWN.fullmatch(text.strip())
        if kind.lower() != "bearer" or shown is None:
            return None
        key = self._keys.get(shown[1])
        right = hmac.compare_digest(digest(shown[0]), _NOBODY if key is None else key.digest)
        return key if right else None

    def _take(self, keys: Iterable[Key]) -> None:
        self._keys = {key.id: key for key in keys}

    def _look(self) -> None:
        """Read the file again where it has changed. One that is damaged changes nothing until it is whole."""
        now = monotonic()
        if self._path is None or now - self._looked < LOOKED_AT:
            return
        self._looked = now
        state, seen = _state(self._path), self._seen
        self._seen = state
        if state == self._state:
            return
        try:
            self._take(read_keys(self._path))
            self._state = state
        except TrustError as error:
            if state != seen:
                LOG.error("%s The keys of before still hold.", error)


def default_path() -> Path:
    """Where the keys lie unless another file is named. Raises OutputError where there is no place for them."""
    return config_folder() / "api_keys.json"


def digest(key: str) -> str:
    """What is kept of a key: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(name: str, scopes: Sequence[str], rate: float | None = None) -> tuple[Key, str]:
    """A new key, and the text of it that is shown once.

    Raises TrustError for a name that is no short word, no scope or an unknown one, and a rate that is none.
    """
    if not _NAME.fullmatch(name):
        raise TrustError(
            f"{printable(name)!r} is no name of a key, expected 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', "
            "a letter or digit first"
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        found = f"the scope {printable(unknown[0])!r}" if unknown else "no scope"
        raise TrustError(f"a key with {found}, expected one or more of {', '.join(SCOPES)}")
    if rate is not None and not 0 < rate <= FASTEST:
        raise TrustError(f"a key for {rate:g} requests a second, expected more than 0 and at most {FASTEST:g}")
    id_ = secrets.token_hex(6)
    shown = f"sak_{id_}_{secrets.token_urlsafe(32)}"
    return Key(id_, name, frozenset(scopes), rate, digest(shown)), shown


def add_key(path: Path, name: str, scopes: Sequence[str], rate: float | None = None) -> tuple[Key, str]:
    """Make a key and add it to the file, which is made if it is absent; what is shown of it is shown once.

    Raises TrustError as ``new_key`` and ``read_keys``, and for a name that a key has; OutputError.
    """
    key, shown = new_key(name, scopes, rate)
    make_folder(path.parent, 0o700)
    with alone_in(path.parent, lambda: None):
        keys = read_keys(path) if os.path.lexists(path) else []
        if any(known.name == name for known in keys):
            raise TrustError(f"{printable(path)}: a key is called {name} already; remove it, or take another name")
        if len(keys) >= MOST_KEYS:
            raise TrustError(f"{printable(path)}: {len(keys)} keys are the most that a file may hold")
        _write(path, [*keys, key])
    return key, shown


def remove_key(path: Path, name: str) -> Key:
    """Take a key back, by its name or its id. Raises TrustError where there is none, and OutputError."""
    with alone_in(path.parent, lambda: None):
        keys = read_keys(path)
        gone = [key for key in keys if name in (key.name, key.id)]
        if not gone:
            raise TrustError(f"{printable(path)}: no key is called {printable(name)}")
        _write(path, [key for key in keys if key not in gone])
    return gone[0]


def read_keys(path: Path) -> list[Key]:
    """The keys in a file. Raises TrustError for one that is damaged, or that others than its user may change."""
    shown = printable(path)
    with open_input(path, TrustError, EXPECTED) as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o022:
            raise TrustError(f"{shown}: others may add keys to this file; keep it to yourself by: chmod 600 {shown}")
    value = read_json(path, TrustError, EXPECTED, LARGEST)
    try:
        keys = [_key(one) for one in value["keys"]]
    except (ValueError, TypeError, KeyError) as error:
        raise TrustError(f"{shown}: damaged, expected {EXPECTED}") from error
    if len({key.id for key in keys}) < len(keys) or len(keys) > MOST_KEYS:
        raise TrustError(f"{shown}: a key twice, or more than {MOST_KEYS} keys, expected {EXPECTED}")
    return keys


def _key(value: Any) -> Key:
    """Raises ValueError, TypeError or KeyError for what is no key."""
    id_, name, scopes, rate = value["id"], value["name"], value["scopes"], value.get("rate")
    if not (re.fullmatch("[0-9a-f]{12}", id_) and _NAME.fullmatch(name) and _DIGEST.fullmatch(value["sha256"])):
        raise ValueError("not a key")
    if not isinstance(scopes, list) or not scopes or set(scopes) - set(SCOPES):
        raise ValueError("not scopes")
    if rate is not None and (isinstance(rate, bool) or not math.isfinite(rate) or not 0 < rate <= FASTEST):
        raise ValueError("not a rate")
    return Key(id_, name, frozenset(scopes), rate, value["sha256"])


def _write(path: Path, keys: Iterable[Key]) -> None:
    value = {
        "keys": [
            {"id": key.id, "name": key.name, "sha256": key.digest, "scopes": sorted(key.scopes)}
            | ({} if key.rate is None else {"rate": key.rate})
            for key in keys
        ]
    }
    with private_write(path) as file:
        file.write(json.dumps(value, indent=1).encode())


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes when a file does, or when others may change it."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode

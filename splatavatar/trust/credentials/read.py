"""What the content credentials of a file say, and whether they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splatavatar.avatar.consent import SCOPES
from splatavatar.errors import TrustError
from splatavatar.input import open_input, read_bytes
from splatavatar.printable import printable
from splatavatar.trust.credentials.formats import INSIDE, sidecar_of
from splatavatar.trust.credentials.library import library, reading_context
from splatavatar.trust.credentials.marker import ANYTHING, told
from splatavatar.trust.credentials.origin import AVATAR, DECLARED, DRIVEN, GENERATOR

LARGEST_SIDECAR = 1 << 26
"""bytes"""
EXPECTED = "a film, a picture or an export"


@dataclass(frozen=True)
class Credentials:
    """What the newest manifest of a file says."""

    place: Path
    """the file that holds them"""
    state: str
    """Valid: unchanged, by whomever, for no list of signers is kept here; Invalid: the file or the credentials were
    changed, or the certificate was not good"""
    failures: tuple[str, ...]
    """why they are invalid, by the codes of C2PA"""
    generator: str
    """the program that made the claim, with its version"""
    signed_by: str
    """the name in the certificate"""
    source_type: str
    """what kind of thing it is, the last part of IPTC's address: compositeSynthetic; empty where it is not said"""
    date: str
    """YYYY-MM-DD, empty where it is not said"""
    avatar: str | None
    """the digest of the avatar that is seen"""
    signer: str | None
    """how who signed the avatar calls themselves"""
    fingerprint: str | None
    """of their key"""
    scope: tuple[str, ...] | None
    """what the person consented to"""
    driven_by: tuple[str, ...]
    """kinds of what moved the face"""
    earlier: int
    """manifests of what it was made from, kept in it"""
    declared: bool = False
    """whether the file was there before, and somebody says of it afterwards that it shows an avatar"""

    @property
    def holds(self) -> bool:
        """Whether the file is as it was signed, by whomever."""
        return self.state == "Valid"

    @property
    def ours(self) -> bool:
        """Whether this package made the claim, as it says."""
        return self.generator.split("/")[0].split(" ")[0] == GENERATOR


def credentials_of(path: str | Path) -> Credentials | None:
    """The credentials of the file at ``path``, in it or in ``NAME.c2pa`` beside it; None where it has none.

    >>> import splatavatar as sa
    >>> _ = sa.save_video("said.mp4", sa.load_avatar("demo"), sa.read_signal("hello.npz"), size=(64, 64))
    >>> sa.credentials_of("said.mp4").source_type
    'compositeSynthetic'

    Nothing is fetched: of credentials that lie on a server nothing is known.

    Raises:
        TrustError: there is no such file, or what should be credentials are none.
        DependencyError: ``c2pa`` is not installed.
    """
    c2pa, path = library(), Path(path)
    with open_input(path, TrustError, EXPECTED) as file:
        try:
            reader, place = _reader(c2pa, path, file)
            if reader is None:
                return None
            with reader:
                return _said(json.loads(reader.json()), place)
        except c2pa.C2paError as error:
            raise TrustError(f"{printable(path)}: its content credentials cannot be read: {told(error)}") from error


def _reader(c2pa: Any, path: Path, file: Any) -> tuple[Any, Path]:
    """The reader of the credentials, None where there are none, and the file that holds them."""
    media_type = INSIDE.get(path.suffix.lower())
    if media_type is not None:
        try:
            return c2pa.Reader(media_type, file, context=reading_context()), path
        except c2pa.C2paError as error:
            # The library calls credentials that lie on a server "Remote", which none of its classes is named.
            if not isinstance(error, c2pa.C2paError.ManifestNotFound) and not str(error).startswith("Remote"):
                raise
            file.seek(0)
    beside = sidecar_of(path)
    if not beside.is_file():
        return None, path
    content = read_bytes(beside, TrustError, "content credentials", LARGEST_SIDECAR)
    return c2pa.Reader(media_type or ANYTHING, file, content, context=reading_context()), beside


def _said(report: Any, place: Path) -> Credentials:
    """What the report of the library says, whatever a stranger's manifest may hold."""
    manifests = _table(report.get("manifests"))
    active = _table(manifests.get(report.get("active_manifest")))
    assertions: dict[str, dict[str, Any]] = {}
    for one in _rows(active.get("assertions")):
        label = str(one.get("label", "")).split("__")[0]
        assertions.setdefault(label.removesuffix(".v2"), _table(one.get("data")))
    actions = _rows(assertions.get("c2pa.actions", {}).get("actions"))
    kinds = [str(action["digitalSourceType"]) for action in actions if "digitalSourceType" in action]
    dates = [str(action["when"])[:10] for action in actions if "when" in action]
    driven = [_table(action.get("parameters")).get("by") for action in actions if action.get("action") == DRIVEN]
    shown = assertions.get(AVATAR, {})
    signer, consent = _table(shown.get("signer")), _table(shown.get("consent"))
    results = _table(_table(report.get("validation_results")).get("activeManifest"))
    failures = [str(failure.get("code", "")) for failure in _rows(results.get("failure"))]
    return Credentials(
        place,
        str(report.get("validation_state", "Invalid")),
        tuple(failure for failure in failures if failure != "signingCredential.untrusted"),
        _generator(active),
        printable(_table(active.get("signature_info")).get("common_name") or "")[:200],
        printable(kinds[0].rsplit("/", 1)[-1])[:100] if kinds else "",
        printable(dates[0]) if dates else "",
        _text(shown.get("sha256"), 64),
        _text(signer.get("name"), 200),
        _text(signer.get("fingerprint"), 64),
        tuple(name for name in SCOPES if consent.get(name) is True) if "consent" in shown else None,
        tuple(printable(kind)[:40] for by in driven if isinstance(by, list) for kind in by[:16]),
        len(manifests) - 1,
        any(action.get("action") == DECLARED for action in actions),
    )


def _generator(active: dict[str, Any]) -> str:
    for info in _rows(active.get("claim_generator_info")):
        return printable(f"{info.get('name', '')} {info.get('version', '')}".strip())[:200]
    return printable(active.get("claim_generator") or "")[:200]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: Any, longest: int) -> str | None:
    return printable(value)[:longest] if isinstance(value, str) else None

"""Whether an avatar file is what its signer signed, and what they say of consent."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.consent import Consent, consent_of, yet_to_come
from splatavatar.avatar.file import parse_avatar
from splatavatar.avatar.format.container import EXPECTED, LARGEST_FILE, parse_container, write_container
from splatavatar.avatar.format.signature import Signature
from splatavatar.avatar.library import resolve
from splatavatar.errors import AvatarFileError
from splatavatar.input import read_bytes
from splatavatar.printable import printable
from splatavatar.trust.keys import UNNAMED, fingerprint, grouped, own_public, verified
from splatavatar.trust.known import KnownKeys, alike, read_known
from splatavatar.trust.revocation import Revocation

UNSIGNED = "nobody has signed it"


@dataclass(frozen=True)
class Verdict:
    """What there is to say of one file."""

    avatar: Avatar = field(repr=False)
    signature: Signature | None
    """that it has, genuine or not; None where it has none, or one that cannot be read"""
    defects: tuple[str, ...]
    """why it does not verify, each the end of a sentence that begins with the avatar; empty where everything holds"""
    remarks: tuple[str, ...]
    """what to know besides"""
    consent: Consent | None
    expired: bool
    revoked: Revocation | None
    standing: str
    """of the signer's key here: ``yours``, ``trusted``, ``known``, ``new``, or ``none`` where there is no signature"""

    @property
    def holds(self) -> bool:
        """Whether everything holds: signed, unchanged, not expired, not revoked."""
        return not self.defects

    @property
    def fingerprint(self) -> str | None:
        """Of the key that signed."""
        return None if self.signature is None else fingerprint(self.signature.key)


def verify_avatar(
    path: str | Path,
    known: KnownKeys | None = None,
    own: tuple[str, str] | None = None,
    wanted: str | None = None,
    revocations: Sequence[Revocation] = (),
    today: datetime.date | None = None,
) -> Verdict:
    """Who has signed the avatar file at ``path``, whether it is unchanged, and what consent it has.

    >>> import splatavatar as sa
    >>> sa.sign_avatar("demo", "signed.splatavatar")
    >>> sa.verify_avatar("signed.splatavatar").holds
    True

    Args:
        path: the file; ``demo`` as everywhere.
        known: what the user knows of keys; None: what is known on this machine. The signer's is remembered in it where
            it is met for the first time, and written by nobody.
        own: the user's own public key, 64 hexadecimal digits, and name; None: those of the key that there is.
        wanted: the fingerprint that the signer must have; any where None.
        revocations: beside those of ``known``.
        today: the day that the consent must hold on.

    Raises:
        TrustError: what is known here is damaged.
        AvatarFileError: it cannot be read, or is no intact avatar: damaged, or changed without anybody's signature.
        DependencyError: ``cryptography`` is not installed.
    """
    today, known = today or datetime.date.today(), read_known() if known is None else known
    own = own_public() if own is None else own
    path = resolve(path)
    content = read_bytes(path, AvatarFileError, EXPECTED, LARGEST_FILE)
    avatar = parse_avatar(content, printable(path))
    consent = consent_of(avatar.metadata)
    defects: list[str] = []
    remarks: list[str] = []
    signature = None
    try:
        signature = None if avatar.signature is None else Signature.from_text(avatar.signature)
        if signature is None:
            defects.append(UNSIGNED)
    except Defect as defect:
        defects.append(f"is not signed by anybody who could be known: {defect}")
    if not _canonical(content):
        defects.append("is written in another way than it was signed: bytes of its layout were changed")
    revoked, standing = None, "none"
    if signature is not None:
        genuine = signature.sha256 == avatar.digest and verified(
            signature.key, signature.signed_bytes(), signature.signature
        )
        if signature.sha256 != avatar.digest:
            defects.append("was changed after it was signed")
        elif not genuine:
            defects.append("has a signature that is not of the key it names")
        if wanted is not None and fingerprint(signature.key) != wanted:
            defects.append("is signed by another key than the one that you name")
        if genuine:
            standing = _standing(signature, known, own, today, defects, remarks)
            revoked = next(
                (one for one in (*known.revocations, *revocations) if one.takes_back(signature) and one.genuine()), None
            )
        if yet_to_come(signature.date, today):
            defects.append(f"is signed on {signature.date}, a day that has not come")
    elif wanted is not None:
        defects.append("is not signed by the key that you name")
    of_it = [one for one in (*known.revocations, *revocations) if one.what == "avatar" and one.of == avatar.digest]
    others = [one for one in of_it if one.genuine()]
    if revoked is None and others:
        remarks.append(
            f"{others[0].name}, who says to have signed this content before, took it back on {others[0].date}"
        )
    if revoked is not None:
        what = "it" if revoked.what == "avatar" else "everything of this key"
        defects.append(f"is revoked: its signer took {what} back on {revoked.date}")
    if consent is not None and yet_to_come(consent.date, today):
        defects.append(f"has a consent of {consent.date}, a day that has not come")
    expired = consent is not None and consent.expired(today)
    if consent is not None and expired:
        defects.append(f"has a consent that expired on {consent.expires}")
    return Verdict(avatar, signature, tuple(defects), tuple(remarks), consent, expired, revoked, standing)


def _canonical(content: bytes) -> bool:
    """Whether the bytes of an intact file are those that its tensors and entries are written as."""
    written = BytesIO()
    write_container(written, *parse_container(content))
    return written.getvalue() == content


def _standing(
    signature: Signature,
    known: KnownKeys,
    own: tuple[str, str] | None,
    today: datetime.date,
    defects: list[str],
    remarks: list[str],
) -> str:
    """What the user knows of the signer's key, which is met now; adds to what there is to say."""
    if own is not None and signature.key == own[0]:
        return "yours"
    before = known.meet(signature.key, signature.name, today)
    namesakes = known.others_called(signature.name, signature.key)
    trusted = before is not None and before.trusted
    # A key that is trusted under one name may not take the name of another.
    own_name = trusted and before is not None and alike(before.name) == alike(signature.name)
    yours = own is not None and own[1] != UNNAMED and alike(own[1]) == alike(signature.name)
    if not own_name and (yours or any(other.trusted for other in namesakes)):
        whose = "not by your key" if yours else "not by the key of that name that you trust"
        defects.append(f"is signed as {signature.name}, but {whose}")
    elif not trusted and namesakes:
        remarks.append(f"another key goes by the name {signature.name} here: names are words, compare fingerprints")
    if before is not None and before.name != signature.name:
        remarks.append(f"this key went by the name {before.name} before")
    return "trusted" if trusted else "new" if before is None else "known"


def describe_signature(avatar: Avatar) -> str:
    """Who an avatar says has signed it, in a line; nothing is verified."""
    if avatar.signature is None:
        return "by nobody"
    try:
        found = Signature.from_text(avatar.signature)
    except Defect as defect:
        return f"by nobody who could be known: {defect}"
    digits = grouped(fingerprint(found.key))
    return f"as it says by {found.name} on {found.date}, key {digits}; splatavatar verify checks it"


def as_json(verdict: Verdict, path: str | Path) -> dict[str, Any]:
    """The verdict in JSON types."""
    signature, revoked = verdict.signature, verdict.revoked
    return {
        "file": str(path),
        "holds": verdict.holds,
        "defects": list(verdict.defects),
        "remarks": list(verdict.remarks),
        "sha256": verdict.avatar.digest,
        "signed": None
        if signature is None
        else {
            "name": signature.name,
            "fingerprint": verdict.fingerprint,
            "key": signature.key,
            "date": signature.date.isoformat(),
            "standing": verdict.standing,
        },
        "consent": None if verdict.consent is None else verdict.consent.to_json(),
        "expired": verdict.expired,
        "revoked": None if revoked is None else {"what": revoked.what, "date": revoked.date.isoformat()},
    }

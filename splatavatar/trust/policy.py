"""What an avatar may be used for, by its record of consent and the day.

Everything that its owner does on their own machine works without a record. What shows an avatar to others asks here.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.consent import SCOPES, Consent, consent_of, yet_to_come
from splatavatar.avatar.file import digest_of
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import TrustError
from splatavatar.trust.revocation import Revocation

SHARING = "calls"
"""the use, of ``SCOPES``, that showing an avatar to others over a network is"""
NO_CONSENT = "No record of consent"
"""what everybody is shown of an avatar without one"""
LONGEST_NOTICE = 200
"""characters"""
_LONGEST_SUBJECT, _LONGEST_GIVER = 45, 25


def why_not(of: Avatar | dict[str, Any], use: str, today: datetime.date | None = None) -> str | None:
    """Why an avatar, or one with that metadata, may not be used for ``use``, one of ``SCOPES``; None where it may.

    A clause that follows the avatar's name and a colon. ``private`` use is always allowed.
    """
    if use not in SCOPES:
        raise ValueError(use)
    if use == "private":
        return None
    consent = consent_of(_metadata(of))
    if consent is None:
        return "it has no record of consent, so it is private"
    today = today or datetime.date.today()
    if yet_to_come(consent.date, today):
        return f"its consent is of {consent.date}, a day that is yet to come"
    if consent.expired(today):
        return f"its consent expired on {consent.expires}"
    if use not in consent.scope:
        return f"its consent does not cover {use}, only {_uses(consent)}"
    return None


def taken_back(avatar: Avatar, revocations: Sequence[Revocation]) -> str | None:
    """That who signed an avatar has taken that back, by those ``revocations`` that are known; None where not.

    A clause as that of ``why_not``. The revocation of one avatar holds for that content, whoever has signed it since
    or taken the signature out. That it is of the key which it names was found when it was read; that this key had ever
    signed the avatar is then its word, on which no more is done than not to share.
    """
    signature = _signature_of(avatar)
    found = None if signature is None else next((one for one in revocations if one.takes_back(signature)), None)
    if found is not None:
        return f"its signer took it back on {found.date}"
    of_avatars = [one for one in revocations if one.what == "avatar"]
    sha256 = digest_of(avatar) if of_avatars else None
    found = next((one for one in of_avatars if one.of == sha256), None)
    return None if found is None else f"who says to have signed it took it back on {found.date}"


def check_sharing(
    avatar: Avatar,
    name: str,
    without_consent: bool,
    revocations: Sequence[Revocation],
    today: datetime.date | None = None,
) -> str | None:
    """Whether an avatar, which a sentence calls ``name``, may be shown to others.

    Returns None, or the line that says it is done ``without_consent``. Raises TrustError where that was not asked for.
    """
    back = taken_back(avatar, revocations)
    why = back or why_not(avatar, SHARING, today)
    if why is None:
        return None
    if not without_consent:
        needed = f"needs a consent to {SHARING}: add one with splatavatar consent set"
        remedy = "is against their word: ask them" if back else needed
        raise TrustError(
            f"{name}: {why}. Showing it to others {remedy}, or give --without-consent, which everybody is told."
        )
    told = notice_of(avatar, today, back)
    return f"{name}: {why}. It is shown all the same, and everybody is told: {told}"


def expired_line(of: Avatar | dict[str, Any], today: datetime.date | None = None) -> str | None:
    """That the consent in an avatar has run out; None where it has not, or there is none."""
    consent = consent_of(_metadata(of))
    if consent is None or not consent.expired(today or datetime.date.today()):
        return None
    return f"The consent of {consent.subject} expired on {consent.expires}: keep what you make of it to yourself."


def notice_of(of: Avatar | dict[str, Any], today: datetime.date | None = None, back: str | None = None) -> str:
    """What the record says of whose face it is and what is allowed, in one line of at most ``LONGEST_NOTICE``.

    ``back`` is what ``taken_back`` says of it.
    """
    metadata = _metadata(of)
    consent = consent_of(metadata)
    if consent is None:
        return NO_CONSENT if back is None else f"{back[:1].upper()}{back[1:]}"
    today = today or datetime.date.today()
    giver = "themselves" if consent.given_by == consent.subject else _cut(consent.given_by, _LONGEST_GIVER)
    line = f"{_cut(consent.subject, _LONGEST_SUBJECT)}, said by {giver} on {consent.date}: {_uses(consent)}"
    if consent.expires is not None:
        line += f"; {'expired on' if consent.expired(today) else 'until'} {consent.expires}"
    if back is not None:
        return f"{back[:1].upper()}{back[1:]}: {line}"
    return line if why_not(metadata, SHARING, today) is None else f"No consent to {SHARING}: {line}"


def describe_consent(of: Avatar | dict[str, Any], today: datetime.date | None = None) -> dict[str, Any]:
    """The record of an avatar as facts to show, of JSON types; ``state`` is private, valid or expired.

    An avatar without a record has only ``state``.
    """
    consent = consent_of(_metadata(of))
    if consent is None:
        return {"state": "private: no record of consent"}
    expired = consent.expired(today or datetime.date.today())
    record = consent.to_json()
    facts: dict[str, Any] = {
        "state": f"expired on {consent.expires}" if expired else "valid",
        **{name: record[name] for name in ("subject", "given_by", "how", "date")},
        "allowed": [use for use in SCOPES if use in consent.scope],
        "not_allowed": [use for use in SCOPES if use not in consent.scope and use != "private"],
        **{name: record[name] for name in ("expires", "revocation", "sources") if name in record},
    }
    if consent.spoken is not None:
        spoken = consent.spoken
        facts["spoken"] = f"on {spoken.date}, heard from {spoken.begins:.1f} s to {spoken.ends:.1f} s of the footage"
    return facts


def _signature_of(avatar: Avatar) -> Signature | None:
    """Who says to have signed an avatar; None where nobody does, or it cannot be read."""
    try:
        return None if avatar.signature is None else Signature.from_text(avatar.signature)
    except Defect:
        return None


def _metadata(of: Avatar | dict[str, Any]) -> dict[str, Any]:
    return of.metadata if isinstance(of, Avatar) else of


def _uses(consent: Consent) -> str:
    return ", ".join(use for use in SCOPES if use in consent.scope and use != "private") or "private use"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

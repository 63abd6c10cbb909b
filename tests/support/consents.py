"""Avatars with a record of consent."""

from __future__ import annotations

import datetime
from dataclasses import replace

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.consent import Consent

ANN = Consent("Ann", "Ann", "asked", datetime.date(2026, 3, 1), frozenset(["calls"]))
"""she has said herself that she may be shown in calls"""


def consenting(avatar: Avatar, consent: Consent | None = ANN) -> Avatar:
    """``avatar`` with that record of consent instead of its own."""
    record = {} if consent is None else {"consent": consent.to_json()}
    return replace(avatar, metadata={**{k: v for k, v in avatar.metadata.items() if k != "consent"}, **record})

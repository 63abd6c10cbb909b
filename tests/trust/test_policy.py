"""What an avatar may be used for, by its record and the day."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splatavatar.avatar.consent import SCOPES, Consent, SpokenProof
from splatavatar.avatar.file import digest_of, quantised
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import TrustError
from splatavatar.trust.keys import SigningKey, new_key
from splatavatar.trust.policy import (
    LONGEST_NOTICE,
    NO_CONSENT,
    check_sharing,
    describe_consent,
    expired_line,
    notice_of,
    taken_back,
    why_not,
)
from splatavatar.trust.revocation import revoke
from splatavatar.trust.signing import signature_of
from support.consents import ANN, consenting
from support.small_avatar import small_avatar

TODAY = datetime.date(2026, 11, 27)
DAY = datetime.timedelta(days=1)


def of(consent: Consent | None) -> dict[str, object]:
    return {} if consent is None else {"consent": consent.to_json()}


@pytest.mark.parametrize(
    ("consent", "why"),
    [
        (None, "it has no record of consent, so it is private"),
        (ANN, None),
        (replace(ANN, scope=frozenset()), "its consent does not cover calls, only private use"),
        (
            replace(ANN, scope=frozenset(["training", "publication"])),
            "its consent does not cover calls, only publication, training",
        ),
        (replace(ANN, expires=TODAY), None),
        (replace(ANN, expires=TODAY - DAY), "its consent expired on 2026-11-26"),
        (replace(ANN, date=TODAY + DAY), None),
        (replace(ANN, date=TODAY + 2 * DAY), "its consent is of 2026-11-29, a day that is yet to come"),
    ],
)
def test_calls(consent: Consent | None, why: str | None) -> None:
    assert why_not(of(consent), "calls", TODAY) == why
    assert why_not(consenting(small_avatar(), consent), "calls", TODAY) == why
    assert why_not(of(consent), "private", TODAY) is None
    avatar = consenting(small_avatar(), consent)
    if why is None:
        assert check_sharing(avatar, "me", False, (), TODAY) is None
        return
    with pytest.raises(TrustError) as caught:
        check_sharing(avatar, "me", False, (), TODAY)
    assert str(caught.value) == (
        f"me: {why}. Showing it to others needs a consent to calls: add one with splatavatar consent set, "
        "or give --without-consent, which everybody is told."
    )
    said = check_sharing(avatar, "me", True, (), TODAY)
    assert said == f"me: {why}. It is shown all the same, and everybody is told: {notice_of(avatar, TODAY)}"


def test_what_its_signer_took_back_is_shown_to_nobody_else(ann: SigningKey) -> None:
    avatar = quantised(consenting(small_avatar()))
    avatar = replace(avatar, signature=signature_of(digest_of(avatar), ann).to_text())
    signature = Signature.from_text(avatar.signature or "")
    other = revoke(signature_of("6" * 64, ann), ann)
    for whole_key in (False, True):
        back = revoke(signature, ann, whole_key)
        assert taken_back(avatar, [other]) is None
        assert taken_back(avatar, [other, back]) == f"its signer took it back on {back.date}"
        with pytest.raises(TrustError, match="Showing it to others is against their word: ask them, or give --without"):
            check_sharing(avatar, "me", False, [back], TODAY)
        line = check_sharing(avatar, "me", True, [back], TODAY) or ""
        notice = f"Its signer took it back on {back.date}: Ann, said by themselves on 2026-03-01: calls"
        assert line.endswith(f"everybody is told: {notice}")
    assert check_sharing(avatar, "me", False, [other], TODAY) is None
    assert taken_back(replace(avatar, signature="not one"), [other]) is None


def test_what_was_taken_back_stays_so_without_its_signature_or_with_another(ann: SigningKey) -> None:
    avatar = quantised(consenting(small_avatar()))
    digest = digest_of(avatar)
    signature = signature_of(digest, ann)
    assert avatar.digest == digest and replace(avatar).digest is None
    back, all_of_ann = revoke(signature, ann), revoke(signature, ann, True)
    why = f"who says to have signed it took it back on {back.date}"
    anew = signature_of(digest, new_key("Mallory")).to_text()
    for left in (avatar, replace(avatar), replace(avatar, signature=anew), replace(avatar, signature="x")):
        assert taken_back(left, [all_of_ann, back]) == why
        assert taken_back(left, [all_of_ann]) is None, "a key that is not there cannot be known"
        with pytest.raises(TrustError, match="Showing it to others is against their word: ask them, or give --without"):
            check_sharing(left, "me", False, [back], TODAY)
    # Another content is another avatar.
    assert taken_back(replace(avatar, metadata={**avatar.metadata, "name": "x"}), [back]) is None


def test_each_use_is_allowed_by_its_own_word() -> None:
    for use in SCOPES[1:]:
        for asked in SCOPES[1:]:
            assert (why_not(of(replace(ANN, scope=frozenset([use]))), asked, TODAY) is None) == (use == asked)
    with pytest.raises(ValueError):
        why_not({}, "fun", TODAY)


def test_the_line_that_everybody_is_shown() -> None:
    assert notice_of({}, TODAY) == NO_CONSENT == "No record of consent"
    assert notice_of(of(ANN), TODAY) == "Ann, said by themselves on 2026-03-01: calls"
    wide = replace(ANN, given_by="Bea", scope=frozenset(SCOPES), expires=TODAY)
    assert notice_of(of(wide), TODAY) == (
        "Ann, said by Bea on 2026-03-01: calls, publication, commercial, training; until 2026-11-27"
    )
    assert notice_of(of(wide), TODAY + DAY).endswith("; expired on 2026-11-27")


@given(st.integers(1, 200), st.integers(1, 200), st.sets(st.sampled_from(SCOPES)), st.none() | st.integers(0, 900))
def test_it_is_one_line_of_bounded_length(subject: int, giver: int, scope: set[str], days: int | None) -> None:
    expires = None if days is None else ANN.date + datetime.timedelta(days=days)
    consent = replace(ANN, subject="S" * subject, given_by="G" * giver, scope=frozenset(scope), expires=expires)
    assert len(notice_of(of(consent), TODAY)) <= LONGEST_NOTICE
    assert len(notice_of(of(consent), TODAY, "its signer took it back on 2026-11-27")) <= LONGEST_NOTICE


def test_that_it_has_run_out_is_said() -> None:
    over = replace(ANN, expires=TODAY)
    assert expired_line(of(over), TODAY) is None and expired_line({}, TODAY) is None
    assert expired_line(of(over), TODAY + DAY) == (
        "The consent of Ann expired on 2026-11-27: keep what you make of it to yourself."
    )


def test_what_info_shows() -> None:
    assert describe_consent({}, TODAY) == {"state": "private: no record of consent"}
    proof = SpokenProof("1" * 64, 0.52, 4.0, ANN.date)
    whole = replace(ANN, expires=TODAY, revocation="mailto:a@b", sources=("0" * 64,), spoken=proof)
    assert describe_consent(of(whole), TODAY) == {
        "state": "valid",
        "subject": "Ann",
        "given_by": "Ann",
        "how": "asked",
        "date": "2026-03-01",
        "allowed": ["calls"],
        "not_allowed": ["publication", "commercial", "training"],
        "expires": "2026-11-27",
        "revocation": "mailto:a@b",
        "sources": ["0" * 64],
        "spoken": "on 2026-03-01, heard from 0.5 s to 4.0 s of the footage",
    }
    assert describe_consent(of(whole), TODAY + DAY)["state"] == "expired on 2026-11-27"

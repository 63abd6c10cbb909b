"""The record of consent: there and back, and every wrong field as a sentence of its own."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import LONGEST_NAME, LONGEST_TEXT, SCOPES, Consent, SpokenProof, consent_of
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.errors import AvatarFileError
from support.consents import ANN, consenting
from support.small_avatar import small_avatar


def line(most: int) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
    return st.text(letters, min_size=1, max_size=most).filter(lambda text: bool(text.strip()) and text.isprintable())


SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
PROOFS = st.builds(
    lambda sha256, begins, length, day: SpokenProof(sha256, begins, begins + length, day),
    SHA256,
    st.floats(0, 5e5),
    st.floats(0.5, 60),
    st.dates(),
)


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    day = draw(st.dates())
    return Consent(
        draw(line(LONGEST_NAME)),
        draw(line(LONGEST_NAME)),
        draw(line(LONGEST_TEXT)),
        day,
        draw(st.frozensets(st.sampled_from(SCOPES))),
        draw(st.none() | st.dates(min_value=day)),
        draw(st.none() | line(LONGEST_TEXT)),
        tuple(draw(st.lists(SHA256, max_size=3))),
        draw(st.none() | PROOFS),
    )


@given(consents())
def test_there_and_back(consent: Consent) -> None:
    record = json.loads(json.dumps(consent.to_json()))
    assert Consent.from_json(record) == consent
    assert consent_of({"consent": record, "name": "x"}) == consent


def test_it_goes_through_a_file(tmp_path: Path) -> None:
    save_avatar(tmp_path / "a", consenting(small_avatar()))
    assert consent_of(load_avatar(tmp_path / "a").metadata) == ANN
    save_avatar(tmp_path / "b", small_avatar())
    assert consent_of(load_avatar(tmp_path / "b").metadata) is None


def test_it_holds_on_its_last_day() -> None:
    last = datetime.date(2026, 3, 31)
    consent = replace(ANN, expires=last)
    assert not consent.expired(last) and consent.expired(last + datetime.timedelta(days=1))
    assert not ANN.expired(datetime.date.max)


WHOLE: dict[str, Any] = {
    **ANN.to_json(),
    "expires": "2027-03-01",
    "revocation": "mailto:ann@example.org",
    "sources": ["0" * 64],
    "spoken": {"sha256": "1" * 64, "begins": 0.5, "ends": 4, "date": "2026-03-01"},
}
SPOKEN = WHOLE["spoken"]
FIELDS = "subject, given_by, how, date, scope, expires, revocation, sources, spoken"
USES = "private, calls, publication, commercial, training"
SENTENCES: list[tuple[Any, str]] = [
    (None, "it is not a table"),
    ([WHOLE], "it is not a table"),
    ({k: v for k, v in WHOLE.items() if k != "subject"}, "it has no subject"),
    ({**WHOLE, "scopes": {}}, f"it has the unknown field 'scopes'; the fields are {FIELDS}"),
    ({**WHOLE, "x" * 99: 1}, f"it has the unknown field '{'x' * 40}'; the fields are {FIELDS}"),
    ({**WHOLE, "subject": ""}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "subject": " \t"}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "subject": "a\nb"}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "subject": "a\x1b[31m"}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "subject": "a\u202eb"}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "subject": "x" * 201}, "subject of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "given_by": 7}, "given_by of it is not a line of 1 to 200 characters"),
    ({**WHOLE, "how": None}, "how of it is not a line of 1 to 500 characters"),
    ({**WHOLE, "date": "2026-3-1"}, "date of it is not a day such as 2026-11-27"),
    ({**WHOLE, "date": "2026-02-30"}, "date of it is not a day such as 2026-11-27"),
    ({**WHOLE, "date": "20260301"}, "date of it is not a day such as 2026-11-27"),
    ({**WHOLE, "date": datetime.datetime(2026, 3, 1)}, "date of it is not a day such as 2026-11-27"),
    ({**WHOLE, "expires": "soon"}, "expires of it is not a day such as 2026-11-27"),
    ({**WHOLE, "expires": "2026-02-28"}, "it expires on 2026-02-28, before it was given on 2026-03-01"),
    ({**WHOLE, "scope": ["calls"]}, f"scope of it is not a table of {USES}, each true or false"),
    ({**WHOLE, "scope": {}}, f"scope of it is not a table of {USES}, each true or false"),
    ({**WHOLE, "scope": {"fun": True}}, f"scope of it has the unknown use 'fun'; the uses are {USES}"),
    ({**WHOLE, "scope": {"calls": 1}}, "calls in scope of it is neither true nor false"),
    ({**WHOLE, "revocation": ""}, "revocation of it is not a line of 1 to 500 characters"),
    ({**WHOLE, "sources": "0" * 64}, "sources of it is not a list of SHA-256 in hexadecimal digits"),
    ({**WHOLE, "sources": ["0" * 63]}, "sources of it is not a list of SHA-256 in hexadecimal digits"),
    ({**WHOLE, "sources": ["0" * 64] * 4097}, "sources of it is not a list of SHA-256 in hexadecimal digits"),
    ({**WHOLE, "spoken": True}, "spoken of it is not a table of sha256, begins, ends, date"),
    ({**WHOLE, "spoken": {**SPOKEN, "sound": ""}}, "spoken of it is not a table of sha256, begins, ends, date"),
    (
        {**WHOLE, "spoken": {**SPOKEN, "sha256": "G" * 64}},
        "sha256 in spoken of it is not a SHA-256 in hexadecimal digits",
    ),
    ({**WHOLE, "spoken": {**SPOKEN, "ends": 0.5}}, "spoken of it does not begin before it ends, in seconds from 0"),
    (
        {**WHOLE, "spoken": {**SPOKEN, "begins": float("nan")}},
        "spoken of it does not begin before it ends, in seconds from 0",
    ),
    ({**WHOLE, "spoken": {**SPOKEN, "begins": False}}, "spoken of it does not begin before it ends, in seconds from 0"),
    ({**WHOLE, "spoken": {**SPOKEN, "date": ""}}, "date in spoken of it is not a day such as 2026-11-27"),
]


@pytest.mark.parametrize(("record", "sentence"), SENTENCES)
def test_what_is_no_record_is_said_in_one_sentence(record: Any, sentence: str) -> None:
    with pytest.raises(Defect) as caught:
        Consent.from_json(record, "it")
    assert str(caught.value) == sentence


def test_the_whole_record_is_one() -> None:
    assert Consent.from_json(WHOLE).spoken == SpokenProof("1" * 64, 0.5, 4.0, datetime.date(2026, 3, 1))


def test_a_file_with_another_record_is_refused(tmp_path: Path) -> None:
    spoilt = replace(small_avatar(), metadata={"consent": "Ann agreed"})
    with pytest.raises(AvatarFileError, match="consent of its metadata is not a table"):
        save_avatar(tmp_path / "a", spoilt)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(tuple(WHOLE)), inner)
    ),
    max_leaves=8,
)


@given(st.sampled_from(tuple(WHOLE)), ANYTHING)
def test_any_value_makes_a_record_or_one_sentence(field: str, value: Any) -> None:
    read: Callable[[Any], Consent] = Consent.from_json
    try:
        consent = read({**WHOLE, field: value})
    except Defect as defect:
        assert "\n" not in str(defect)
    else:
        assert Consent.from_json(json.loads(json.dumps(consent.to_json()))) == consent

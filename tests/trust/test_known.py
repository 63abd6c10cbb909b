from __future__ import annotations

import datetime
import os
import stat
from pathlib import Path

import pytest

from splatavatar.errors import TrustError
from splatavatar.trust.keys import SigningKey, new_key
from splatavatar.trust.known import alike, changed_known, known_path, read_known
from splatavatar.trust.revocation import revoke
from splatavatar.trust.signing import signature_of

TODAY = datetime.date(2026, 11, 27)


def test_what_is_known_comes_back(config: Path, ann: SigningKey) -> None:
    assert read_known().keys == {}
    assert not config.exists()
    revocation = revoke(signature_of("0" * 64, ann), ann)
    with changed_known() as known:
        assert known.meet(ann.public, ann.name, TODAY) is None
        known.trust(ann.fingerprint)
        known.revocations.append(revocation)
    again = read_known()
    assert again.keys[ann.fingerprint] == known.keys[ann.fingerprint]
    assert again.keys[ann.fingerprint].trusted
    assert again.revocations == [revocation]
    assert stat.S_IMODE(known_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700


def test_nothing_is_written_where_nothing_has_changed(ann: SigningKey) -> None:
    with changed_known() as known:
        known.meet(ann.public, ann.name, TODAY)
    before = os.stat(known_path()).st_ino
    with changed_known() as known:
        assert known.meet(ann.public, "another name", TODAY) is not None
    assert os.stat(known_path()).st_ino == before


def test_only_what_was_met_is_trusted_or_forgotten(ann: SigningKey) -> None:
    known = read_known()
    with pytest.raises(TrustError, match="no key of this fingerprint was met here"):
        known.trust(ann.fingerprint)
    with pytest.raises(TrustError, match="no key of this fingerprint is known here"):
        known.forget(ann.fingerprint)
    known.meet(ann.public, ann.name, TODAY)
    assert known.forget(ann.fingerprint).name == "Ann"
    assert known.keys == {}


def test_names_that_nobody_chose_are_no_namesakes(ann: SigningKey) -> None:
    known = read_known()
    first, second = new_key("unnamed"), new_key("unnamed")
    known.meet(first.public, first.name, TODAY)
    assert known.others_called("unnamed", second.public) == []
    known.meet(ann.public, ann.name, TODAY)
    assert [one.key for one in known.others_called("Ann", first.public)] == [ann.public]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": [{"key": "00", "name": "a", "since": "2026-01-01", "trusted": true}], "revocations": []}',
        '{"keys": [{"key": 3}], "revocations": []}',
        '{"keys": [1], "revocations": []}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_one_sentence(config: Path, text: str) -> None:
    config.mkdir()
    known_path().write_text(text)
    with pytest.raises(TrustError, match=r"damaged, expected the keys that splatavatar knows; remove it to begin anew"):
        read_known()


@pytest.mark.parametrize(
    ("name", "other"),
    [("Ann", "Anna"), ("\u0410\u043d\u043d\u0430", "Anna"), ("Jos\u00e9", "Jose"), ("Ali", "Ail"), ("\u00d8", "O")],
)
def test_names_that_are_told_apart_stay_apart(name: str, other: str) -> None:
    assert alike(name) != alike(other)


@pytest.mark.parametrize("name", ["\u0410\u043d\u043d\u0430", "\u039d\u03af\u03ba\u03bf\u03c2", "\u5b89 \u2764\ufe0f"])
def test_a_name_in_capitals_is_the_same(name: str) -> None:
    assert alike(name) == alike(name.upper()) == alike(f" {name}\ufe0f ") != ""

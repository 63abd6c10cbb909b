"""Records of consent as people write them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import Consent
from splatavatar.errors import TrustError
from splatavatar.trust.consent_file import LARGEST, GivenConsent, read_consent
from support.consents import ANN

GOOD = """
subject = "Jörg"
given_by = "Ann"
how = "a form"
date = 2026-03-01
expires = "2027-03-01"
revocation = "ann@example.org"
"""
SCOPE = "[scope]\ncalls = true\ntraining = false\n"
FIELDS = "subject, given_by, how, date, scope, expires, revocation, sources, hash_sources"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "c.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_it_is_read(tmp_path: Path) -> None:
    day, last = datetime.date(2026, 3, 1), datetime.date(2027, 3, 1)
    ann = Consent("Jörg", "Ann", "a form", day, frozenset(["calls"]), last, "ann@example.org")
    assert read_consent(written(tmp_path, GOOD + SCOPE)) == GivenConsent(ann)
    asked = read_consent(written(tmp_path, GOOD + "hash_sources = true\n" + SCOPE))
    assert asked == GivenConsent(ann, True)
    assert GivenConsent.from_json(asked.to_json()) == asked
    # Editors of Windows begin a file with a mark, and some write UTF-16.
    assert read_consent(written(tmp_path, (GOOD + SCOPE).encode("utf-8-sig"))) == GivenConsent(ann)
    assert read_consent(written(tmp_path, (GOOD + SCOPE).encode("utf-16"))) == GivenConsent(ann)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("subject = ,", "not valid TOML (Invalid value (at line 1, column 11)), expected a record of consent in TOML."),
        (b"\xff\xfe\xfa", "not a text in UTF-8 or UTF-16, expected a record of consent in TOML."),
        ("", "the record of consent has no subject."),
        (GOOD, "the record of consent has no scope."),
        (GOOD + "name = 1\n" + SCOPE, f"the unknown field 'name'; the fields are {FIELDS}."),
        (GOOD + '"\\u001b[31m" = 1\n' + SCOPE, f"the unknown field '\\\\x1b[31m'; the fields are {FIELDS}."),
        (GOOD + "hash_sources = 1\n" + SCOPE, "hash_sources of the record of consent is neither true nor false."),
        (
            GOOD + f"hash_sources = true\nsources = ['{'0' * 64}']\n" + SCOPE,
            "sources and hash_sources of the record of consent exclude each other.",
        ),
        (GOOD + "spoken = 1\n" + SCOPE, "spoken is what a bake hears in the footage; it is not written by hand."),
        (
            GOOD.replace("2026-03-01", "2026-03-01T10:00:00") + SCOPE,
            "date of the record of consent is not a day such as 2026-11-27.",
        ),
        (
            GOOD + "[scope]\nfun = true",
            "scope of the record of consent has the unknown use 'fun'; the uses are private, calls, publication, "
            "commercial, training.",
        ),
        ("a." * 9999 + "b = 1", "a line with more than 64 dots, expected a record of consent in TOML."),
        ("a = " + "[" * 99999, "not valid TOML (tables too deep), expected a record of consent in TOML."),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(TrustError) as caught:
        read_consent(path)
    assert str(caught.value) == f"{path}: {sentence}"


def test_what_is_no_file_is_one_sentence(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "a folder"), (tmp_path / "none", "no such file")):
        with pytest.raises(TrustError, match=f"{said}, expected a record of consent in TOML"):
            read_consent(path)
    with pytest.raises(TrustError, match="more than 512 KiB"):
        read_consent(written(tmp_path, b"#" * (LARGEST + 1)))


def test_what_a_checkpoint_keeps_is_checked() -> None:
    assert GivenConsent.from_json({**ANN.to_json(), "hash_sources": False}) == GivenConsent(ANN)
    for value in (None, [], {"hash_sources": 3}, {**ANN.to_json(), "x": 1}):
        with pytest.raises(Defect):
            GivenConsent.from_json(value)

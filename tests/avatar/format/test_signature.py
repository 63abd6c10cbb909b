from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.format.signature import Signature, signs

HEX = "0123456789abcdef"
SIGNATURES = some.builds(
    Signature,
    some.text(HEX, min_size=64, max_size=64),
    some.text(min_size=1, max_size=200).filter(lambda name: name.isprintable()),
    some.dates(),
    some.text(HEX, min_size=64, max_size=64),
    some.text(HEX, min_size=128, max_size=128),
)
GOOD = Signature("0a" * 32, "Ann", datetime.date(2026, 11, 27), "0b" * 32, "0c" * 64)


@given(SIGNATURES)
def test_it_comes_back(signature: Signature) -> None:
    assert Signature.from_text(signature.to_text()) == signature
    assert signs(signature.to_text(), signature.sha256)
    assert not signs(signature.to_text(), signature.sha256[::-1] + "0")


@given(some.text(max_size=300))
def test_any_text_is_a_signature_or_a_defect(text: str) -> None:
    with pytest.raises(Defect):
        Signature.from_text(text)
    assert not signs(text, "0b" * 32)


def test_what_is_signed_is_what_the_page_of_the_file_says() -> None:
    assert GOOD.signed_bytes() == (
        b'splatavatar signature 1\n{"date":"2026-11-27","key":"'
        + b"0a" * 32
        + b'","name":"Ann","sha256":"'
        + b"0b" * 32
        + b'"}'
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("key", "0A" * 32, "the key of its signature is not 64 hexadecimal digits"),
        ("sha256", "0b" * 31, "the sha256 of its signature is not 64 hexadecimal digits"),
        ("signature", 5, "the signature of its signature is not 128 hexadecimal digits"),
        ("signature", "0c" * 64 + "\n", "the signature of its signature is not 128 hexadecimal digits"),
        ("name", "", "the name in its signature is not a line of 1 to 200 characters"),
        ("name", "a\nb", "the name in its signature is not a line of 1 to 200 characters"),
        ("date", "27.11.2026", "the date of its signature is not a day such as 2026-11-27"),
        ("date", 20261127, "the date of its signature is not a day such as 2026-11-27"),
        ("date", "20261127", "the date of its signature is not a day such as 2026-11-27"),
        ("date", "2026-02-30", "the date of its signature is not a day such as 2026-11-27"),
        ("more", "", "its signature is not a table of date, key, name, sha256, signature"),
    ],
)
def test_every_wrong_field_is_a_sentence(field: str, value: object, sentence: str) -> None:
    text = json.dumps({**json.loads(GOOD.to_text()), field: value}, sort_keys=True, separators=(",", ":"))
    with pytest.raises(Defect) as raised:
        Signature.from_text(text)
    assert str(raised.value) == sentence

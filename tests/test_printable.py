"""Text of others, fit for a terminal."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from splatavatar.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 1.5 %", "plain text, 1.5 %"),
        ("Zoë 東京 😀 é", "Zoë 東京 😀 é"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x1b[2J\x7f\x9b1m", r"\x00\x1b[2J\x7f\x9b1m"),
        ("\u202egpj.exe\u2066\u200b\ufeff", r"\u202egpj.exe\u2066\u200b\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800\udfff", r"\ud800\udfff"),
        ("\udcff\udc80.mp4", r"\xff\x80.mp4"),
        ("\ue000\U000f0000\U0010ffff", r"\ue000\U000f0000\U0010ffff"),
        ("\U000e0041", r"\U000e0041"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_every_character_comes_out_as_visible_text() -> None:
    odd = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    shown = "".join(printable(chr(code)) for code in range(sys.maxunicode + 1))
    assert not odd & set(map(unicodedata.category, set(shown)))
    shown.encode()


def test_anything_can_be_shown() -> None:
    assert printable(Path("a\x1bb")) == r"a\x1bb"
    assert printable(3) == "3"
    assert printable(os.fsdecode(b"clip \xe4.mov")) == r"clip \xe4.mov"

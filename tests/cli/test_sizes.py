from __future__ import annotations

import pytest

from splatavatar.cli.sizes import parse_size
from splatavatar.errors import SettingsError


@pytest.mark.parametrize(("text", "size"), [("512x512", (512, 512)), ("1920X1080", (1920, 1080)), ("1 × 2", (1, 2))])
def test_reads(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("512", "the size must be WIDTHxHEIGHT in pixels, such as 512x512, got '512'"),
        ("-1x5", "the size must be WIDTHxHEIGHT in pixels, such as 512x512, got '-1x5'"),
        ("0x5", "the width and height must be between 1 and 8192 pixels, got 0x5"),
        ("99999x5", "the width and height must be between 1 and 8192 pixels, got 99999x5"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_size(text)
    assert str(caught.value) == message

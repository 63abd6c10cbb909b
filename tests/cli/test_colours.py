from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.cli.colours import parse_background
from splatavatar.errors import SettingsError

PNG, MP4 = Path("a.png"), Path("a.MP4")


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("255,0,51", (1.0, 0.0, 0.2)),
        (" 0, 255 ,0", (0.0, 1.0, 0.0)),
        ("#f0a", (1.0, 0.0, 2 / 3)),
        ("#FF0033", (1.0, 0.0, 0.2)),
        ("transparent", None),
    ],
)
def test_reads(text: str, colour: tuple[float, float, float] | None) -> None:
    assert parse_background(text, PNG) == (None if colour is None else pytest.approx(colour))


def test_default_is_white_in_a_video_and_transparent_in_a_picture() -> None:
    assert parse_background(None, MP4) == (1.0, 1.0, 1.0)
    assert parse_background(None, PNG) is None


@pytest.mark.parametrize("text", ["red", "256,0,0", "1,2", "#12", "#gggggg", "0.5,0.5,0.5", ""])
def test_refuses(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_background(text, PNG)
    assert str(caught.value) == f"the background must be R,G,B from 0 to 255, #RRGGBB or transparent, got {text!r}"

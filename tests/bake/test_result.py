"""What an avatar says of its footage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar.bake.result import _footage, name_of
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.trust.consent_file import GivenConsent
from support.consents import ANN


@pytest.fixture
def prepared(tiny_capture: Path) -> Capture:
    """A capture that says that it was prepared of a video."""
    said = {
        "clips": [{"name": "ann-example.mp4", "sha256": "a" * 64}],
        "window": {"size": 300},
        "tracking": {"focal": [700.0], "reprojection_median": 0.01},
    }
    (tiny_capture / "capture.json").write_text(json.dumps(said))
    return read_capture(tiny_capture)


def test_names_and_checksums_are_there_for_who_asks(prepared: Capture) -> None:
    settings = BakeSettings(prepared.root)
    silent = _footage(settings, prepared)
    assert silent == {"footage": {"window": {"size": 300}, "tracking": {"focal": [700.0], "reprojection_median": 0.01}}}
    told = _footage(replace(settings, record_sources=True), prepared)
    assert told["footage"] == silent["footage"] | {"sha256": ["a" * 64]}


def test_of_other_captures_there_is_none(tiny_capture: Path) -> None:
    assert _footage(BakeSettings(tiny_capture, record_sources=True), read_capture(tiny_capture)) == {}


def test_an_avatar_is_not_called_after_its_footage() -> None:
    clip = Path("ann-example-holiday.mp4")
    assert name_of(BakeSettings(clip)) == "avatar"
    assert name_of(BakeSettings(clip, consent=GivenConsent(ANN))) == "Ann"
    assert name_of(BakeSettings(clip, out=Path("out/me.splatavatar"), consent=GivenConsent(ANN))) == "me"

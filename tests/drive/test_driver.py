from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.drive.driver import driver
from splatavatar.drive.offline import FileInput
from splatavatar.drive.sources.registry import make_from
from splatavatar.trust.credentials.origin import DRIVERS


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("webcam:1", "webcam"),
        ("video:secret.mp4", "video"),
        ("mic", "microphone"),
        ("livelink:127.0.0.1:11111", "tracker"),
        ("osc", "tracker"),
        ("of-a-plug-in:argument", "program"),
        (FileInput("signal", Path("secret.npz")), "recording"),
        (FileInput("audio", Path("secret.wav")), "audio"),
    ],
)
def test_kinds_of_sources_and_never_their_names(given: FileInput | str, kind: str) -> None:
    assert driver(given) == kind and kind in DRIVERS


def test_a_source_that_is_open() -> None:
    assert driver(make_from("webcam:3")) == "webcam"
    assert driver(make_from("osc")) == "tracker"

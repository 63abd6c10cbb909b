"""The checksums of the footage in a record that asks for them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from splatavatar.avatar.consent import MOST_SOURCES
from splatavatar.bake.consent import with_sources
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError, SettingsError
from splatavatar.trust.consent_file import GivenConsent
from support.consents import ANN


def capture_of(root: Path, names: list[str]) -> Capture:
    """Frames of which nothing but the picture is asked for."""
    anything = cast(Any, None)
    frames = tuple(Frame(name, PictureFile(root / name), None, anything, 0, 0) for name in names)
    return Capture(root, frames, {"train": (), "val": (), "test": ()}, None)


def test_a_record_has_them_where_it_asks_for_them(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(name.encode())
    capture = capture_of(tmp_path, ["a.png", "b.png", "a.png"])
    assert with_sources(None, capture) is None
    assert with_sources(GivenConsent(ANN), capture) == GivenConsent(ANN)
    sums = tuple(hashlib.sha256(name.encode()).hexdigest() for name in ("a.png", "b.png"))
    assert with_sources(GivenConsent(ANN, True), capture) == GivenConsent(replace(ANN, sources=sums))


def test_more_than_a_record_holds_and_what_is_gone(tmp_path: Path) -> None:
    asked, count = GivenConsent(ANN, True), MOST_SOURCES + 1
    with pytest.raises(SettingsError, match=f"has {count} files, a record of consent holds up to {MOST_SOURCES};"):
        with_sources(asked, capture_of(tmp_path, [f"{number}.png" for number in range(count)]))
    with pytest.raises(CaptureError, match=r"gone\.png: no such file"):
        with_sources(asked, capture_of(tmp_path, ["gone.png"]))

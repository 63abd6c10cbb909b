"""A scene of COLMAP without masks becomes an avatar."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.bake.events import CamerasChecked, CaptureRecognised, Event, Preparing
from splatavatar.bake.run import bake
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.preparation.prepare import PrepareOptions
from splatavatar.capture.video.extract import ExtractOptions
from support.bare_scene import bare_scene
from support.people import own_cache
from support.shared import landmark_model


@pytest.mark.shared
def test_a_scene_without_masks(sample_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path / "cache")))
    bare_scene(sample_capture, tmp_path / "scene")
    told: list[Event] = []
    options = PrepareOptions(ExtractOptions(model=landmark_model()))
    out = tmp_path / "it.splatavatar"
    baked = bake(BakeSettings(tmp_path / "scene", out=out, prepare=options, iterations=4), told.append)
    assert baked.path == out and out.is_file()
    (recognised,) = (event.remark for event in told if isinstance(event, CaptureRecognised))
    assert recognised.startswith("colmap: cameras and images in sparse/0")
    (checked,) = (event.remark for event in told if isinstance(event, CamerasChecked))
    assert checked.startswith("landmarks of the face fall on the pixels within ")
    assert "cutting out" in {event.stage for event in told if isinstance(event, Preparing)}

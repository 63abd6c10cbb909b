"""JSON of ARKit's coefficients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.signals.arkit_json import write_arkit_json
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.rig.arkit import NAMES
from support.recordings import full_recording
from support.shared import shared


def test_it_is_read_again_as_it_was(tmp_path: Path) -> None:
    recording = full_recording()
    write_arkit_json(tmp_path / "a.json", recording)
    back = read_signal(tmp_path / "a.json")
    np.testing.assert_array_equal(back.time, recording.time)
    np.testing.assert_array_equal(back.arkit, recording.arkit)
    assert not back.head_rotation.any()
    assert back.fps == 30


@pytest.mark.shared
def test_it_has_the_keys_of_a_file_of_lam(tmp_path: Path) -> None:
    write_arkit_json(tmp_path / "a.json", full_recording())
    own = json.loads((tmp_path / "a.json").read_text("ascii"))
    lam = json.loads(shared("livelink/lam-expression-1s.json").read_text("utf-8"))
    assert own["names"] == lam["names"] == list(NAMES)
    assert own["frames"][0].keys() == lam["frames"][0].keys()
    assert own["frames"][0]["rotation"] == lam["frames"][0]["rotation"] == []

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.drive.measuring.latency import measure_latency
from splatavatar.errors import SourceError


def test_measures_the_built_in_motion(avatar: Avatar) -> None:
    result = measure_latency(avatar, 48, 48, seconds=0.5)
    assert result.source == "built-in motion" and (result.width, result.height) == (48, 48)
    assert result.source_fps > 0 and result.render_fps > 0
    assert 0 < result.latency_p50 <= result.latency_p95 and 0 < result.age_p50 <= result.age_p95


def test_hears_a_file_as_a_microphone_does(avatar: Avatar, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-9000, 9000, 16000).astype("<i2").tobytes())
    result = measure_latency(avatar, 48, 48, audio=tmp_path / "a.wav", seconds=5)
    assert result.source == "voice of a.wav"
    # The model hears a little of what comes after before it moves the lips: no picture can be younger than that.
    assert result.latency_p50 > 10


def test_refuses_a_file_without_sound(avatar: Avatar, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        measure_latency(avatar, 48, 48, audio=tmp_path / "absent.wav")

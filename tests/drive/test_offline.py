from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.face.mood import Mood
from splatavatar.drive.offline import FileInput
from splatavatar.rig.arkit import INDEX
from support.spoken_sound import RATE, talk

SMILE, BLINK = INDEX["mouthSmileLeft"], INDEX["eyeBlinkLeft"]


@pytest.fixture
def voice(tmp_path: Path) -> FileInput:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(talk(3), -1, 1) * 32767).astype("<i2").tobytes())
    return FileInput("audio", path)


def test_a_voice_behaves_from_beginning_to_end(voice: FileInput) -> None:
    full, again, half, other = (
        voice.recording(idle_seed=seed, behaviour=amount) for seed, amount in ((0, 1.0), (0, 1.0), (0, 0.5), (1, 1.0))
    )
    np.testing.assert_array_equal(full.head_rotation, again.head_rotation)
    np.testing.assert_allclose(half.head_rotation, 0.5 * full.head_rotation, atol=1e-6)
    assert np.abs(full.head_rotation - other.head_rotation).max() > 0.01
    assert full.arkit[:, BLINK].max() > 0.95
    # The third phrase, 5 to 7 s, has its beats, too.
    assert np.abs(np.diff(full.head_rotation[300:420, 0])).max() > 0.001


def test_a_mood_without_behaviour(voice: FileInput) -> None:
    plain, happy = (voice.recording(idle_seed=None, mood=mood) for mood in (None, Mood("happy")))
    assert not happy.head_rotation.any() and not happy.arkit[:, BLINK].any()
    assert np.median(happy.arkit[:, SMILE] - plain.arkit[:, SMILE]) > 0.3
    np.testing.assert_array_equal(happy.time, plain.time)

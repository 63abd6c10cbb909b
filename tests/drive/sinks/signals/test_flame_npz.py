"""Recordings as parameters of FLAME, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.signals.write import write_recording
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import RigError
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME
from support.face_models import face_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return face_model(FLAME).save(tmp_path_factory.mktemp("model"))


def speaking(frames: int = 40) -> Recording:
    """A mouth that opens and smiles while the lids close once and the head turns; times are not even."""
    time = np.cumsum(np.full(frames, 1 / 30))
    time[10:20] += 0.004
    wave = 0.5 - 0.5 * np.cos(np.arange(frames) / 5)
    arkit = np.zeros((frames, 52), np.float32)
    arkit[:, INDEX["jawOpen"]] = 0.6 * wave
    for side in ("Left", "Right"):
        arkit[:, INDEX[f"mouthSmile{side}"]] = 0.7 * wave[::-1]
        arkit[:, INDEX[f"eyeBlink{side}"]] = np.exp(-0.5 * ((np.arange(frames) - 20) / 3) ** 2)
    turn = np.zeros((frames, 3), np.float32)
    turn[:, 1] = 0.3 * wave
    gaze = np.zeros((frames, 2, 2), np.float32)
    gaze[:, :, 0] = 0.1 + 0.1 * wave[:, None]
    return Recording(time, arkit, turn, np.zeros((frames, 3), np.float32), gaze, np.ones(frames, np.float32), 30.0)


def test_there_and_back(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(model))
    recording, path = speaking(), tmp_path / "face.npz"
    write_recording(path, recording, "flame")
    back = read_signal(path)
    assert back.fps == 30 and len(back) == len(recording)
    np.testing.assert_allclose(back.head_rotation[:, 1], recording.head_rotation[:, 1], atol=0.01)
    np.testing.assert_allclose(back.gaze[:, :, 0], recording.gaze[:, :, 0], atol=0.01)
    for name in ("jawOpen", "mouthSmileLeft", "eyeBlinkRight"):
        found, given = back.arkit[:, INDEX[name]], recording.arkit[:, INDEX[name]]
        assert np.corrcoef(found, given)[0, 1] > 0.95 and abs(found.max() - given.max()) < 0.25


def test_it_needs_the_file_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RigError, match="the rig flame needs a file of yours"):
        write_recording(tmp_path / "face.npz", speaking(), "flame")
    assert not list(tmp_path.iterdir())

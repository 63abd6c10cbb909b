"""The driven face as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import OutputError
from support.recordings import full_recording


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "a.json"])
def test_what_is_taken_is_written(tmp_path: Path, name: str) -> None:
    recording = full_recording()
    record = SignalRecord(tmp_path / name, 30)
    for frame in range(len(recording)):
        record.take(recording.frame(frame), 100 + frame / 30)
    record.close()
    back = read_signal(tmp_path / name)
    np.testing.assert_allclose(back.time, recording.time, atol=1e-9)
    np.testing.assert_array_equal(back.arkit, recording.arkit)
    assert back.fps == 30


def test_frames_that_were_missed(tmp_path: Path) -> None:
    recording = full_recording()
    record = SignalRecord(tmp_path / "a.npz", 30)
    for frame in (0, 1, 4, 4, 5):
        record.take(recording.frame(frame), frame / 30)
    record.close()
    np.testing.assert_allclose(read_signal(tmp_path / "a.npz").time * 30, [0, 1, 4, 5], atol=1e-9)


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    SignalRecord(tmp_path / "a.npz", 30).close()
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_that_no_recording_has(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown kind of recorded face, expected"):
        SignalRecord(tmp_path / "a.mp4", 30)

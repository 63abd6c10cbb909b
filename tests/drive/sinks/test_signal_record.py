"""The driven face as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.frames import FramesSink
from splatavatar.drive.sinks.outlet import FileOutlet, TimedPicture
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


@pytest.mark.parametrize("pause", [0.5, 3600.0])
def test_a_record_has_the_time_of_the_films_beside_it(tmp_path: Path, pause: float) -> None:
    """The program was stopped for a while: half a second is held, an hour is cut out, and can be read again."""
    pictures, recording = FramesSink(tmp_path / "%d.png"), full_recording()
    record, film = SignalRecord(tmp_path / "a.npz", 30), FileOutlet("film", pictures, 30)
    picture = np.zeros((4, 4, 3), np.uint8)
    for frame in range(60):
        now = 100 + frame / 30 + (pause if frame >= 30 else 0.0)
        record.take(recording.frame(frame % len(recording)), now)
        film.offer(TimedPicture(picture, now, now), now)
        film.serve(0.0)
    record.close()
    film.close()
    back = read_signal(tmp_path / "a.npz")
    assert round(float(back.time[-1]) * 30) + 1 == len(list(tmp_path.glob("*.png"))) == (75 if pause < 1 else 59)


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    SignalRecord(tmp_path / "a.npz", 30).close()
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_that_no_recording_has(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown kind of recorded face, expected"):
        SignalRecord(tmp_path / "a.mp4", 30)

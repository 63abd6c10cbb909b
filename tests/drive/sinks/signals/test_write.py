"""Which file of a recorded face a path asks for, and what it cannot hold."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sinks.signals.write import KINDS, write_recording
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import OutputError, SettingsError
from support.recordings import full_recording


def test_our_own_file_holds_everything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = full_recording()
    recording.confidence[7] = 0.5
    with caplog.at_level(logging.WARNING):
        write_recording(tmp_path / "a.NPZ", recording)
    assert caplog.messages == []
    back = read_signal(tmp_path / "a.NPZ")
    for field in fields(recording):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(recording, field.name))


@pytest.mark.parametrize(
    ("name", "kind", "lost"),
    [
        ("a.csv", None, "the head translation and the confidence are left out"),
        ("a.csv", "livelink", "the head translation and the confidence are left out"),
        (
            "a.json",
            None,
            "the head rotation, the head translation, the gaze, the absence of a face and the confidence are left out",
        ),
    ],
)
def test_what_is_lost_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, kind: str | None, lost: str
) -> None:
    recording = full_recording()
    recording.confidence[7] = 0.5
    with caplog.at_level(logging.WARNING):
        write_recording(tmp_path / name, recording, kind)
    said = f"{tmp_path / name}: {lost}, which such a file cannot hold; an .npz holds everything."
    assert caplog.messages == [said]
    np.testing.assert_allclose(read_signal(tmp_path / name).arkit, recording.arkit, atol=1e-10)


def test_nothing_is_said_where_nothing_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = full_recording(np.arange(3) / 30)
    zeros = {"head_rotation": (3, 3), "head_translation": (3, 3), "gaze": (3, 2, 2)}
    still = replace(recording, **{name: np.zeros(shape, np.float32) for name, shape in zeros.items()})
    with caplog.at_level(logging.WARNING):
        write_recording(tmp_path / "a.json", still)
    assert caplog.messages == []


def test_the_suffix_says_which_unless_the_kind_does(tmp_path: Path) -> None:
    assert [name for name, kind in KINDS.items() if kind.suffix == ".csv"] == ["arkit", "livelink"]
    write_recording(tmp_path / "a.csv", full_recording())
    write_recording(tmp_path / "b.csv", full_recording(), "livelink")
    heads = [(tmp_path / name).read_text("ascii").split(",")[0] for name in ("a.csv", "b.csv")]
    assert heads == ["time", "Timecode"]


def test_what_is_refused(tmp_path: Path) -> None:
    recording = full_recording()
    with pytest.raises(OutputError) as unknown:
        write_recording(tmp_path / "a.txt", recording)
    assert str(unknown.value) == f"{tmp_path}/a.txt: unknown kind of recorded face, expected .npz, .csv, .json."
    with pytest.raises(SettingsError) as other:
        write_recording(tmp_path / "a.csv", recording, "flame")
    assert str(other.value) == f"{tmp_path}/a.csv: no .csv is written as 'flame', expected arkit or livelink."
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_recording(tmp_path / "none/a.csv", recording)
    assert list(tmp_path.iterdir()) == []

"""Plain tables of faces."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from splatavatar.drive.sinks.signals.arkit_csv import write_arkit_csv
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import rotation_matrices
from support.recordings import full_recording


def test_it_is_read_again_as_it_was(tmp_path: Path) -> None:
    recording = full_recording(np.cumsum(np.random.default_rng(1).uniform(0.01, 0.07, 50)) - 0.01)
    recording.time[:] -= recording.time[0]
    write_arkit_csv(tmp_path / "a.csv", recording)
    back = read_signal(tmp_path / "a.csv")
    np.testing.assert_array_equal(back.time, recording.time)
    np.testing.assert_array_equal(back.arkit, recording.arkit)
    np.testing.assert_array_equal(back.gaze, recording.gaze)
    np.testing.assert_array_equal(back.confidence, recording.confidence)
    turned, expected = rotation_matrices(back.head_rotation), rotation_matrices(recording.head_rotation)
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_columns_and_signs(tmp_path: Path) -> None:
    recording = full_recording()
    recording.head_rotation[0] = 0, 0.3, 0  # to the subject's left
    recording.head_rotation[1] = 0.2, 0, 0  # nods down
    recording.gaze[0] = [[0.1, 0.2], [0.3, 0.4]]  # left and up
    write_arkit_csv(tmp_path / "a.csv", recording)
    with open(tmp_path / "a.csv", newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:53] == ["time", *NAMES]
    assert float(rows[2]["time"]) == recording.time[2]
    assert np.float32(rows[0]["jawOpen"]) == recording.arkit[0, NAMES.index("jawOpen")]
    np.testing.assert_allclose([float(rows[0][f"head{a}"]) for a in ("Yaw", "Pitch", "Roll")], [0.3, 0, 0], atol=1e-7)
    np.testing.assert_allclose([float(rows[1][f"head{a}"]) for a in ("Yaw", "Pitch", "Roll")], [0, 0.2, 0], atol=1e-7)
    eyes = [float(rows[0][name]) for name in ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")]
    np.testing.assert_allclose(eyes, [-0.1, -0.2, -0.3, -0.4], atol=1e-7)
    assert [value for name, value in rows[3].items() if name != "time"] == [""] * 59


def test_an_eye_that_was_turned_all_round(tmp_path: Path) -> None:
    recording = full_recording()
    recording.gaze[5] = [[7.0, -9.0], [12.5, 0.0]]
    write_arkit_csv(tmp_path / "a.csv", recording)
    back = read_signal(tmp_path / "a.csv")
    np.testing.assert_allclose(np.exp(1j * back.gaze[5]), np.exp(1j * recording.gaze[5]), atol=1e-6)

"""Takes of the Live Link Face app."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

import numpy as np
import pytest

from splatavatar.array_types import Doubles
from splatavatar.drive.sinks.signals.livelink_csv import write_livelink_csv
from splatavatar.drive.sources.recorded.csv_table import Table
from splatavatar.drive.sources.recorded.livelink_csv import is_livelink
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.rotations import rotation_matrices
from support.recordings import full_recording
from support.shared import shared

TICK = 1 / 60000
"""seconds of the last digit of a timecode"""


def uneven(seed: int, rate: float, count: int) -> Doubles:
    """Times of a live source: frames come late and some are missing."""
    rng = np.random.default_rng(seed)
    time = np.flatnonzero(rng.random(count) < 0.8) / rate
    time += rng.uniform(0, 0.3 / rate, len(time))
    return np.asarray(time - time[0])


@pytest.mark.parametrize(
    "time",
    [
        np.arange(40) / 30,
        np.arange(3) / 60,
        np.arange(5) / 25,
        np.arange(2500) * 1001 / 30000,
        np.arange(400) / 2.5,
        np.array([0.0]),
        np.array([0.0, 0.4]),
        uneven(1, 7, 3000),
        uneven(2, 30, 3000),
    ],
    ids=["30", "three", "25", "ntsc", "slow", "one", "two", "uneven-7", "uneven-30"],
)
def test_it_is_read_again_as_it_was(tmp_path: Path, caplog: pytest.LogCaptureFixture, time: Doubles) -> None:
    recording = full_recording(time)
    write_livelink_csv(tmp_path / "a.csv", recording)
    assert is_livelink(Table(tmp_path / "a.csv"))
    with caplog.at_level(logging.WARNING):
        back = read_signal(tmp_path / "a.csv")
    assert caplog.messages == []  # nothing had to be assumed
    np.testing.assert_allclose(back.time, recording.time, atol=1.01 * TICK)
    np.testing.assert_allclose(back.arkit, recording.arkit, atol=1e-10)
    np.testing.assert_allclose(back.gaze, recording.gaze, atol=1e-9)
    np.testing.assert_array_equal(back.confidence, recording.confidence)
    turned, expected = rotation_matrices(back.head_rotation), rotation_matrices(recording.head_rotation)
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_rows_of_the_app(tmp_path: Path) -> None:
    recording = full_recording()
    recording.head_rotation[0] = 0, 0.3, 0
    recording.gaze[0] = [[0.1, 0.2], [0.3, 0.4]]
    write_livelink_csv(tmp_path / "a.csv", recording)
    with open(tmp_path / "a.csv", newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    assert [row["Timecode"] for row in rows[:3]] == ["01:00:59:58.000", "01:01:00:00.000", "01:01:00:02.000"]
    assert {row["BlendshapeCount"] for row in rows} == {"61", "0"}
    angles = {name: float(value) for name, value in rows[0].items() if "Yaw" in name or "Pitch" in name}
    expected = {"HeadYaw": 0.3, "HeadPitch": 0, "LeftEyeYaw": -0.1, "LeftEyePitch": -0.2}
    expected |= {"RightEyeYaw": -0.3, "RightEyePitch": -0.4}
    assert angles == pytest.approx(expected, abs=1e-7)
    assert rows[0]["LeftEyeRoll"] == rows[0]["RightEyeRoll"] == "0.0000000000"


def test_a_take_over_midnight(tmp_path: Path) -> None:
    recording = full_recording(np.arange(900) * 100.0)
    write_livelink_csv(tmp_path / "a.csv", recording)
    codes = [line.split(",")[0] for line in (tmp_path / "a.csv").read_text("ascii").splitlines()[1:]]
    assert max(codes) < "24" and codes[-1].startswith("01:57:40")


@pytest.mark.shared
def test_it_has_the_columns_of_the_app(tmp_path: Path) -> None:
    write_livelink_csv(tmp_path / "a.csv", full_recording())
    take = shared("layouts/face/dwskillman-MySlate_1_iPhone.csv").read_text("ascii").splitlines()
    own = (tmp_path / "a.csv").read_text("ascii").splitlines()
    assert own[0] == take[0]
    assert own[1].count(",") == take[1].count(",")


@pytest.mark.shared
@pytest.mark.parametrize("take", ["layouts/face/dwskillman-MySlate_1_iPhone.csv", "livelink/alex_rom_3.csv"])
def test_a_take_of_the_app_stays_what_it_is(tmp_path: Path, take: str) -> None:
    recording = read_signal(shared(take))
    write_livelink_csv(tmp_path / "a.csv", recording)
    back = read_signal(tmp_path / "a.csv")
    np.testing.assert_allclose(back.time, recording.time, atol=1e-9)
    np.testing.assert_array_equal(back.arkit, recording.arkit)
    np.testing.assert_array_equal(back.gaze, recording.gaze)

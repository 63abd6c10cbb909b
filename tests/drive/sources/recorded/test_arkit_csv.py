from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import INDEX, NAMES


def write(path: Path, header: list[str], rows: list[list[float]]) -> Path:
    path.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def rows(count: int) -> list[list[float]]:
    return [[(frame + place) % 10 / 10 for place in range(52)] for frame in range(count)]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    order = list(np.random.default_rng(0).permutation(52))
    shuffled = [[row[place] for place in order] for row in rows(4)]
    recording = read_signal(write(tmp_path / "a.csv", [NAMES[place] for place in order], shuffled))
    np.testing.assert_allclose(recording.arkit, rows(4), atol=1e-6)
    assert recording.fps == 30


def test_time_and_head(tmp_path: Path) -> None:
    header = ["frame", "time_ms", *NAMES, "HeadYaw", "HeadPitch", "HeadRoll"]
    body = [[index, 1000 + 20 * index, *row, 0.2, 0.0, 0.0] for index, row in enumerate(rows(5))]
    recording = read_signal(write(tmp_path / "a.csv", header, body))
    assert recording.fps == 50
    np.testing.assert_allclose(recording.time, np.arange(5) / 50, atol=1e-9)
    np.testing.assert_allclose(recording.head_rotation[:, 1], 0.2, atol=1e-6)
    assert recording.arkit[0, INDEX["jawOpen"]] == pytest.approx(rows(1)[0][INDEX["jawOpen"]])


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        (["smile", *NAMES[1:]], rows(2), "coefficients missing: browDownLeft."),
        (list(NAMES[:40]), [row[:40] for row in rows(2)], "coefficients missing"),
        (list(NAMES), [], "no frames"),
        (list(NAMES), [row[:51] for row in rows(2)], "line 2 has 51 values, expected 52"),
        (["time", *NAMES], [[0.0, *rows(1)[0]], [0.0, *rows(1)[0]]], "time does not increase"),
        (list(NAMES), [[float("nan"), *rows(1)[0][1:]]], "not a finite number"),
    ],
)
def test_damaged_files(tmp_path: Path, header: list[str], body: list[list[float]], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        read_signal(write(tmp_path / "a.csv", header, body))


def a2f(path: Path, times: list[str]) -> Path:
    """A table as NVIDIA's Audio2Face writes it: row numbers, seconds, shapes with a prefix and capitals."""
    names = [f"blendShapes.{name[0].upper()}{name[1:]}" for name in NAMES]
    lines = [",".join(["", "timeCode", *names, "blendShapes.HeadRoll", "emotionValues.joy"])]
    for index, (time, row) in enumerate(zip(times, rows(len(times)), strict=True)):
        row[5] = -1e-4
        lines.append(",".join(map(str, [index, time, *row, 0.1, "none"])))
    path.write_text("\n".join(lines))
    return path


def test_a_table_of_audio2face(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = read_signal(a2f(tmp_path / "animation_frames.csv", [str(index / 60) for index in range(90)]))
    expected = np.array(rows(90))
    expected[:, 5] = 0
    np.testing.assert_allclose(recording.arkit, expected, atol=1e-6)
    assert recording.fps == 60
    np.testing.assert_allclose(recording.head_rotation[:, 2], 0.1, atol=1e-6)
    assert len(caplog.records) == 1 and "'emotionValues.joy'" in caplog.text


@pytest.mark.parametrize(
    ("name", "times", "fps"),
    [
        ("time", [f"{33.3333 * index:.4f}" for index in range(60)], 30.0),
        ("Timestamp", [str(1_700_000_000_000 + 20 * index) for index in range(60)], 50.0),
        ("timestamp [ms]", [str(20 * index) for index in range(60)], 50.0),
        ("time_us", [str(20_000 * index) for index in range(60)], 50.0),
        ("TIME", [f"00:00:{index // 25:02d}:{index % 25:02d}" for index in range(60)], 25.0),
        ("time", [f"00:00:0{index / 25:.2f}" for index in range(60)], 25.0),
    ],
)
def test_clocks(tmp_path: Path, name: str, times: list[str], fps: float) -> None:
    body = [[time, *row] for time, row in zip(times, rows(60), strict=True)]
    recording = read_signal(write(tmp_path / "a.csv", [name, *NAMES], body))
    assert recording.fps == pytest.approx(fps, rel=1e-4) and len(recording) == 60


def test_a_row_a_second_is_asked_about(tmp_path: Path) -> None:
    path = a2f(tmp_path / "a.csv", list("0123456"))
    with pytest.raises(SignalError, match=r"its frames are 1 seconds apart.*give the time in seconds"):
        read_signal(path)


def test_rows_without_numbers_are_a_lost_face(tmp_path: Path) -> None:
    body: list[list[object]] = [[index / 30, *row] for index, row in enumerate(rows(6))]
    body[2], body[4] = [2 / 30, *[""] * 52], [4 / 30, *["nan"] * 52]
    recording = read_signal(write(tmp_path / "a.csv", ["time", *NAMES], body))
    np.testing.assert_array_equal(recording.confidence, [1, 1, 0, 1, 0, 1])
    assert not recording.arkit[[2, 4]].any() and recording.arkit[3].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("time", "inf", "time is not a finite number in frame 1"),
        ("time", "1" + 400 * "0", "time is not a finite number in frame 1"),
        ("time", "1e308", "time is 1e\\+308 in frame 1"),
        ("time", "5e-324", "frames a second; expected between"),
        ("time", "noon", "line 3 has the time 'noon', expected a number of seconds"),
        ("jawOpen", "inf", "arkit is not a finite number in frame 1"),
        ("jawOpen", "1e39", "jawOpen is 1e\\+39 in frame 1, expected numbers from 0 to 1"),
        ("headYaw", "25", "headyaw is 25 in frame 1, expected radians"),
        ("headYaw", "1e308", "headyaw is 1e\\+308 in frame 1, expected radians"),
        ("headYaw", "nan", "headyaw is nan in frame 1, expected radians"),
    ],
)
def test_numbers_that_make_no_sense(tmp_path: Path, column: str, value: str, message: str) -> None:
    header = ["time", *NAMES, "headYaw"]
    body: list[list[object]] = [[index / 30, *row, 0.0] for index, row in enumerate(rows(2))]
    body[1][header.index(column)] = value
    with pytest.raises(SignalError, match=message):
        read_signal(write(tmp_path / "a.csv", header, body))


def test_one_column_in_two_spellings(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="the coefficient 'jawOpen', as 'jawOpen' and 'JawOpen', occurs twice"):
        read_signal(write(tmp_path / "a.csv", [*NAMES, "JawOpen"], [[*rows(1)[0], 0.0]]))
    with pytest.raises(SignalError, match="the column 'Time' occurs twice"):
        read_signal(write(tmp_path / "a.csv", ["time", *NAMES, "Time"], [[0.0, *rows(1)[0], 0.0]]))

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sources.recorded import read_signal
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

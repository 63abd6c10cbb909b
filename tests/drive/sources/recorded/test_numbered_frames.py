"""Frames by the numbers in their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.drive.sources.recorded.numbered_frames import numbered_frames
from splatavatar.errors import SignalError


@pytest.mark.parametrize(
    ("names", "frames", "ticks"),
    [
        (["2", "10", "1"], ["1", "2", "10"], [0, 1, 9]),
        (["f0", "f10", "f20"], ["f0", "f10", "f20"], [0, 1, 2]),
        (["00001_0", "00002_0", "00002_1"], ["00001_0", "00002_0"], [0, 1]),
        (["7_0", "7_1", "8_1"], ["7_1", "8_1"], [0, 1]),
        (["2024_0001", "2024_0002", "canonical"], ["2024_0001", "2024_0002"], [0, 1]),
        (["left", "right"], ["left", "right"], [0, 1]),
    ],
)
def test_order(tmp_path: Path, names: list[str], frames: list[str], ticks: list[int]) -> None:
    for name in [*names, "._1"]:
        (tmp_path / f"{name}.npz").touch()
    (tmp_path / "3.json").touch()
    files, found = numbered_frames(tmp_path, ".npz", "frames")
    assert [file.stem for file in files] == frames
    assert found.tolist() == ticks


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="a folder without npz files, expected frames"):
        numbered_frames(tmp_path, ".npz", "frames")
    with pytest.raises(SignalError, match="absent: no such file, expected frames"):
        numbered_frames(tmp_path / "absent", ".npz", "frames")
    for name in ("1", "01", "2"):
        (tmp_path / f"{name}.npz").touch()
    with pytest.raises(SignalError, match="are both frame 1; keep one of them"):
        numbered_frames(tmp_path, ".npz", "frames")

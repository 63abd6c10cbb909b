from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.drive.motion import moving_signal
from splatavatar.drive.sources.recorded import read_signal
from splatavatar.drive.sources.signal_npz import write_signal
from splatavatar.errors import SignalError


def test_tells_files_apart_by_suffix(tmp_path: Path) -> None:
    write_signal(tmp_path / "a.npz", moving_signal(0.5))
    (tmp_path / "a.npz").rename(tmp_path / "a.NPZ")
    assert len(read_signal(str(tmp_path / "a.NPZ"))) == 15


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.npz", "no such file, expected a face signal (.json, .csv or .npz)."),
        ("folder", "a folder, expected a face signal (.json, .csv or .npz)."),
        ("a.txt", "unknown kind of face signal, expected .json (ARKit), .csv (Live Link Face) or .npz."),
    ],
)
def test_refuses(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").touch()
    with pytest.raises(SignalError) as caught:
        read_signal(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {message}"

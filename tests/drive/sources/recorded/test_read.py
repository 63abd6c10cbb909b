from __future__ import annotations

import os
from pathlib import Path

import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES


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


@pytest.mark.parametrize(
    ("name", "content", "holds", "advice"),
    [
        ("a.csv", b' {"names": []}', "JSON", "rename it to a.json"),
        ("a.npz", b"\xff\xfe{\0}\0", "JSON", "rename it to a.json"),
        ("a.json", b"Timecode,JawOpen\n", "a table", "rename it to a.csv"),
        ("a.txt", b"Timecode,JawOpen\n", "a table", "rename it to a.csv"),
        ("a.csv", b"PK\x03\x04", "npz arrays", "rename it to a.npz"),
        (
            "a.gesichter",
            b"\x1f\x8b\x08",
            "a compressed file",
            "unpack it (packets of Live Link Face are for --livelink)",
        ),
        ("a.csv", b"\0\0\0\x20ftypisom", "a video", "a video drives with --video"),
    ],
)
def test_files_of_another_name(tmp_path: Path, name: str, content: bytes, holds: str, advice: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SignalError) as caught:
        read_signal(tmp_path / name)
    expected = f"holds {holds}, expected a face signal (.json, .csv or .npz); {advice}."
    assert str(caught.value) == f"{tmp_path / name}: {expected}"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SignalError, match="a pipe or a device, expected a face signal"):
        read_signal(tmp_path / "a.csv")


def test_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("\t".join(NAMES) + "\n" + "\t".join(["0,5"] * 52) + "\n")
    assert (read_signal(tmp_path / "a.tsv").arkit == 0.5).all()

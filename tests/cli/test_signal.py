"""``splatavatar signal convert``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from splatavatar.drive.sources.recorded.read import read_signal

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_there_and_back(run: Run, files: Path, tmp_path: Path) -> None:
    first = run("signal", "convert", files / "signal.npz", "take.csv", "--as", "livelink")
    assert (first.returncode, first.stdout, first.stderr) == (0, "take.csv: 12 frames at 24 a second\n", "")
    second = run("signal", "convert", "take.csv", "new/back.npz")
    assert (second.returncode, second.stdout, second.stderr) == (0, "new/back.npz: 12 frames at 24 a second\n", "")
    original, back = read_signal(files / "signal.npz"), read_signal(tmp_path / "new/back.npz")
    np.testing.assert_allclose(back.time, original.time, atol=2e-5)
    np.testing.assert_allclose(back.arkit, original.arkit, atol=1e-9)
    np.testing.assert_allclose(back.head_rotation, original.head_rotation, atol=1e-6)


def test_what_is_lost_is_one_line(run: Run, files: Path) -> None:
    done = run("signal", "convert", files / "signal.npz", "face.json")
    assert (done.returncode, done.stdout) == (0, "face.json: 12 frames at 24 a second\n")
    lost = "face.json: the head rotation is left out, which such a file cannot hold; an .npz holds everything.\n"
    assert done.stderr == lost


def test_bad_input(run: Run, files: Path, tmp_path: Path) -> None:
    signal = files / "signal.npz"
    for arguments, said in (
        ((signal, "a.txt"), "a.txt: unknown kind of recorded face, expected .npz, .csv, .json."),
        ((signal, "a.json", "--as", "livelink"), "a.json: no .json is written as 'livelink', expected arkit-json."),
        (("none.csv", "a.npz"), "none.csv: no such file, expected a face signal (.json, .csv or .npz)."),
        ((signal, "/proc/a.npz"), "cannot write /proc/a.npz: its folder does not exist"),
    ):
        done = run("signal", "convert", *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {said}\n")
    assert list(tmp_path.iterdir()) == []

"""A person's data is looked for after ``forget``: in the whole of a home folder and of the temporary files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from splatavatar.folders import cache_folder
from support.shared import landmark_model, shared

ROOT = Path(__file__).parents[2]
CALIBRATED = """
import numpy as np
from splatavatar.drive.face.user_calibration import UserCalibration, store_calibration
zeros = lambda *shape: np.zeros(shape, np.float32)
store_calibration(UserCalibration(zeros(52), zeros(52) + 1, zeros(3), zeros(3), zeros(2, 2)), "Ann Example", "0")
"""
KILLED = """
import os, signal
from splatavatar.output import scratch_folder
with scratch_folder() as folder:
    (folder / "picture.png").write_bytes(b"x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder in which nothing is but the body model, which is no person."""
    cache = tmp_path / "home" / ".cache" / "splatavatar"
    cache.mkdir(parents=True)
    for path in cache_folder().glob("anny-*.npz"):
        (cache / path.name).symlink_to(path)
    (tmp_path / "temporary").mkdir()
    (tmp_path / "out").mkdir()
    return tmp_path / "home"


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPLATAVATAR_", "XDG_"))}
    models = {"SPLATAVATAR_MODELS": str(landmark_model().parent)}
    return {**kept, **models, "HOME": str(home), "TMPDIR": str(home.parent / "temporary"), "PYTHONPATH": str(ROOT)}


def run(home: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=home.parent / "out", env=environment(home), capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def left(home: Path) -> list[str]:
    """Everything but links to the body model and folders."""
    everything = [path for place in (home, home.parent / "temporary") for path in place.rglob("*")]
    return sorted(path.name for path in everything if not path.is_dir() and not path.name.startswith("anny-"))


def share(home: Path) -> None:
    """A page is shared, until it says where, and ended."""
    command = [sys.executable, "-m", "splatavatar", "view", "demo", "--share", "--no-open", "--without-consent"]
    server = subprocess.Popen(
        command, cwd=home.parent / "out", env=environment(home), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    next(line for line in server.stdout if "https://" in line)
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.shared
def test_of_a_person_who_baked_drove_and_shared(home: Path, built: None) -> None:
    pytest.importorskip("mediapipe")
    clip = home.parent / "out" / "ann-example.mp4"
    clip.write_bytes(shared("videos/liveportrait-d18.mp4").read_bytes())
    run(home, "-m", "splatavatar", "bake", clip.name, "-o", "me.splatavatar", "--iterations", "20", "--preset", "fast")
    run(home, "-m", "splatavatar", "drive", "--signal", str(ROOT / "data/signals/hello.npz"), "-o", "me.mp4")
    run(home, "-c", CALIBRATED)
    run(home, "-c", KILLED, code=-signal.SIGKILL)
    share(home)
    kept = left(home)
    for name in (r"\d+_\d+\.png", r"[0-9a-f]{16}-[0-9a-f]{32}\.npz", r"track\.npz", r"recent", r"key\.pem"):
        assert any(re.fullmatch(name, found) for found in kept), (name, kept)
    assert any("Ann-Example" in found for found in kept) and "picture.png" in kept
    # Nothing of it is open to others.
    for place in (home / ".cache" / "splatavatar" / "captures", home / ".cache" / "splatavatar" / "landmarks"):
        assert all(path.stat().st_mode & 0o077 == 0 for path in (place, *place.rglob("*")))

    said = run(home, "-m", "splatavatar", "forget", "--yes")
    assert "ann-example" in said and "Ann-Example" in said
    assert left(home) == []
    folders = [path for place in (home, home.parent / "temporary") for path in place.rglob("*") if path.is_dir()]
    assert not any("example" in path.name.lower() for path in folders)
    # What the user has made stays, and does not say which footage it is of.
    avatar = (home.parent / "out" / "me.splatavatar").read_bytes()
    assert b"ann-example" not in avatar and str(home).encode() not in avatar


@pytest.mark.slow
@pytest.mark.shared
def test_of_footage_that_a_bake_was_told_to_forget(home: Path) -> None:
    pytest.importorskip("mediapipe")
    clip = str(shared("videos/liveportrait-d18.mp4"))
    options = ("-o", "me.splatavatar", "--iterations", "2", "--preset", "fast", "--frames", "30")
    older = home / ".cache" / "splatavatar" / "landmarks" / f"{'0a' * 16}.npz"
    older.parent.mkdir()
    older.touch()  # by a version whose names do not say which clip it is
    run(home, "-m", "splatavatar", "capture", "extract", clip, "-o", "head", "--frames", "20")
    (landmarks,) = left(home)
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{32}\.npz", landmarks)
    said = run(home, "-m", "splatavatar", "bake", clip, *options, "--forget-footage")
    assert "the footage is forgotten: 2 files and folders are removed" in said
    assert set(left(home)) <= {"recent", "key.pem", "certificate.pem"}

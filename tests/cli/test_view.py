from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.cli.view import _named, _served
from splatavatar.drive.sources.recorded.read import read_signal
from support.body_motions import amass as amass_arrays
from support.body_motions import save

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_serves_until_it_is_told_to_end(built: None, files: Path, end: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "splatavatar", "view", str(files / "small.splatavatar"), "--no-open"]
    command += ["--signal", str(files / "signal.npz")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        said = running.stdout.readline()
        match = re.search(r"at (http://127\.0\.0\.1:\d+/)\?signal=signals/signal\.npz \(Ctrl-C ends\)", said)
        assert match is not None, said + running.stderr.read()
        with urllib.request.urlopen(match[1] + "avatar.splatavatar", timeout=30) as answer:
            assert answer.read() == (files / "small.splatavatar").read_bytes()
        with urllib.request.urlopen(match[1] + "signals/signal.npz", timeout=30) as answer:
            assert answer.read() == (files / "signal.npz").read_bytes()
        running.send_signal(end)
        try:
            assert (running.wait(30), running.stderr.read()) == (code, "")
        finally:
            running.kill()


def test_the_page_gets_what_a_body_shows_of_a_face(tmp_path: Path) -> None:
    amass = save(tmp_path / "walk.npz", amass_arrays(165))
    (tmp_path / "out").mkdir()
    name, path = _served(amass, tmp_path / "out")
    assert name == "walk.npz" and path.parent == tmp_path / "out"
    np.testing.assert_array_equal(read_signal(path).head_rotation, read_signal(amass).head_rotation)
    # The page reads our own itself.
    assert _served(path, tmp_path) == ("walk.npz", path)


def test_recordings_of_one_name_are_all_served(tmp_path: Path, files: Path) -> None:
    own, walk, other = tmp_path / "own", tmp_path / "walk", tmp_path / "other"
    for folder in (own, walk, other, tmp_path / "scratch"):
        folder.mkdir()
    shutil.copy(files / "signal.npz", own / "take.npz")
    walking, still = amass_arrays(165), amass_arrays(165)
    still["poses"] = np.zeros_like(still["poses"])
    save(walk / "take.npz", walking)
    save(other / "take.npz", still)
    given = [folder / "take.npz" for folder in (own, walk, other)]
    served = _named(given, tmp_path / "scratch")
    assert list(served) == ["take.npz", "take-2.npz", "take-3.npz"]
    for file, path in zip(given, served.values(), strict=True):
        np.testing.assert_array_equal(read_signal(path).head_rotation, read_signal(file).head_rotation)


def test_a_recording_whose_name_is_no_text_has_an_address(tmp_path: Path, files: Path) -> None:
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/t\xff.npz"))
    shutil.copy(files / "signal.npz", strange)
    assert _named([strange], tmp_path) == {"t\ufffd.npz": strange}


def test_a_port_that_is_taken(built: None, run: Run, files: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("view", files / "small.splatavatar", "--no-open", "--port", port)
    sentence = f"Error: the port {port} is taken by another program; name another one\n"
    assert (done.returncode, done.stderr) == (2, sentence)


def test_an_avatar_that_is_not_there(built: None, run: Run) -> None:
    done = run("view", "nobody.splatavatar", "--no-open")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: nobody.splatavatar: no such file")


def test_a_signal_that_is_none(built: None, run: Run, files: Path) -> None:
    done = run("view", files / "small.splatavatar", "--no-open", "--signal", files / "small.splatavatar")
    assert done.returncode == 2 and "expected a face signal" in done.stderr and done.stderr.count("\n") == 1


def test_without_the_extra(files: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['fastapi'] = None\nsys.argv = ['splatavatar', 'view', 'x', '--no-open']\n"
        "from splatavatar.cli.app import main\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    sentence = "Error: the package 'fastapi' is not installed; add it by: pip install \".[viewer]\"\n"
    assert (done.returncode, done.stderr) == (2, sentence)

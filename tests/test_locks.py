"""One process at a time in a folder: with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from splatavatar.locks import alone_in

ROOT = Path(__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from splatavatar.locks import alone_in
with alone_in(Path(sys.argv[1]), lambda: print("waiting", flush=True)) as held:
    print("in", held, flush=True)
    sys.stdin.readline()
    if sys.argv[2] == "fill":
        (Path(sys.argv[1]) / "x").write_text("")
print("out", flush=True)
"""


def start(folder: Path, what: str = "fill") -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", HOLD, str(folder), what], env=environment, text=True, **pipes)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    first = start(folder)
    assert line(first) == "in True"
    second = start(folder)
    assert line(second) == "waiting"
    first.communicate("\n", timeout=30)
    assert line(second) == "in True"
    second.communicate("\n", timeout=30)
    assert (folder / "x").exists()


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    first = start(tmp_path / "a")
    assert line(first) == "in True"
    second = start(tmp_path / "a")
    assert line(second) == "waiting"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert line(second) == "in True"
    second.communicate("\n", timeout=30)


def test_a_folder_that_was_made_for_nothing_goes_and_the_next_makes_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    first = start(folder, "leave empty")
    assert line(first) == "in True"
    second = start(folder)
    assert line(second) == "waiting"
    first.communicate("\n", timeout=30)
    assert line(second) == "in True"
    second.communicate("\n", timeout=30)
    assert (folder / "x").exists()
    third = start(tmp_path / "c" / "d", "leave empty")
    third.communicate("\n", timeout=30)
    assert not (tmp_path / "c").exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    with alone_in(tmp_path, lambda: None) as held:
        assert held
    assert tmp_path.is_dir()

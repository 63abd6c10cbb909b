"""Streams that are closed, full or broken, and names that no terminal should see: no trace, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LATIN = os.fsdecode(b"K\xf6ln")


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """``line`` by bash, in which ``splatavatar`` is the command."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = f"splatavatar() {{ '{sys.executable}' -m splatavatar \"$@\"; }}; set -o pipefail; {line}"
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, errors="replace", timeout=120
    )


RENDER = "splatavatar render demo -o new/a.png --size 32x32"


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", ">/dev/full 2>&1", "| true"])
def test_the_picture_is_written_whatever_becomes_of_the_terminal(tmp_path: Path, streams: str) -> None:
    done = shell(f"{RENDER} {streams}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        (">/dev/full", 2, "Error: the output cannot be written: no space left on the device\n"),
        ("| true", 141, ""),
        (">&-", 0, ""),
        ("2>/dev/full", 0, ""),
    ],
)
def test_what_is_only_printed(tmp_path: Path, streams: str, code: int, said: str) -> None:
    for command in ("models list", "info demo", "capture guide", "--help"):
        done = shell(f"splatavatar {command} {streams}", tmp_path)
        assert (done.returncode, done.stderr) == (code, said), command


def test_a_sentence_to_be_read_aloud_is_not_lost_unnoticed(tmp_path: Path) -> None:
    done = shell("splatavatar consent say >/dev/full", tmp_path, SPLATAVATAR_HOME=str(tmp_path / "home"))
    assert done.returncode == 2
    assert done.stderr.endswith("Error: the output cannot be written: no space left on the device\n")


def test_an_error_has_its_code_without_a_terminal(tmp_path: Path) -> None:
    for streams in ("2>&-", "2>/dev/full", ">&- 2>&-"):
        done = shell(f"splatavatar info absent.splatavatar {streams}", tmp_path)
        assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.parametrize(
    "variables", [{"PYTHONIOENCODING": "utf-8:strict"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}]
)
def test_names_that_are_no_text(tmp_path: Path, variables: dict[str, str]) -> None:
    done = shell(
        f"splatavatar render demo --size 32x32 -o {LATIN}.png; splatavatar info {LATIN}", tmp_path, **variables
    )
    assert done.stdout.startswith("K\\xf6ln.png: 32x32, rendered in ")
    assert done.stderr.startswith("Error: ") and "K\\xf6ln" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [f"{LATIN}.png"]


def test_names_that_would_colour_or_clear_the_terminal(tmp_path: Path) -> None:
    done = shell(
        "splatavatar render demo --size 32x32 -o $'[red]\\e[31m\\n.png'; splatavatar info $'[/]\\e[2J'", tmp_path
    )
    assert done.stdout.startswith("[red]\\x1b[31m\\n.png: 32x32") and done.stdout.count("\n") == 1
    assert "[/]\\x1b[2J" in done.stderr and "\x1b" not in done.stdout + done.stderr


def test_the_current_folder_is_gone(tmp_path: Path) -> None:
    done = shell(f"mkdir x; cd x; rmdir ../x; {RENDER}", tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "Error: the current folder is not there any more; go to another one (cd)\n" in done.stderr


def test_a_narrow_and_dumb_terminal(tmp_path: Path) -> None:
    for command in ("--help", "models list", "bench demo --frames 2 --size 32x32"):
        done = shell(f"splatavatar {command}", tmp_path, TERM="dumb", COLUMNS="1")
        assert (done.returncode, done.stderr) == (0, ""), command


@pytest.mark.parametrize(
    "arguments",
    [
        "render demo -o file/a.png",
        "export demo -o file/a.ply",
        "drive demo --signal {signal} -o file/a.mp4",
        "drive demo --signal {signal} -o file/%03d.png",
        "drive demo --signal {signal} --record file/a.npz",
        "eval demo {capture} -o file/a",
        "capture inspect {capture} -o file/a.html",
        "bake {capture} -o file/a.splatavatar",
    ],
)
def test_a_file_where_a_folder_should_be_is_said_before_any_work(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "deep").mkdir()
    names = {"signal": str(ROOT / "data/signals/hello.npz"), "capture": str(ROOT / "data/sample-capture")}
    done = shell(f"splatavatar {arguments.format(**names)}", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: cannot make the folder file") and done.stderr.endswith(": file is a file\n")


def test_folders_of_a_command_that_fails_go_again(tmp_path: Path) -> None:
    shutil.copy(ROOT / "data/signals/hello.npz", tmp_path)
    for arguments in (
        "drive demo --signal hello.npz -o a/b/film.mp4 -o c/d/other.mp4 --size 33x33",
        "eval demo nowhere -o a/b",
        "bake nowhere -o a/b.splatavatar",
        "drive demo --signal absent.npz --record a/b.npz",
    ):
        assert shell(f"splatavatar {arguments}", tmp_path).returncode == 2
        assert [path.name for path in tmp_path.iterdir()] == ["hello.npz"]

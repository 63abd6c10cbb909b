"""How ``benchmarks/gpu_session.py`` runs phases; what they measure needs a GPU."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import gpu_session
import pytest
from gpu_session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    for name in ("kit", "out", "work"):
        (tmp_path / name).mkdir()
    return Session(tmp_path / "kit", tmp_path / "out", tmp_path / "work", time.monotonic() + 60, rehearse=True)


def log(session: Session) -> str:
    return (session.out / "session.log").read_text()


def test_what_a_command_prints_is_kept(session: Session) -> None:
    script = "import os, sys; print('said', os.environ['SPLATAVATAR_CACHE']); print('wrong', file=sys.stderr); exit(3)"
    assert session.run([sys.executable, "-c", script], 30) == 3
    assert f"said {session.work / 'rig'}\nwrong\n" in log(session)


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(session: Session) -> None:
    alive = session.work / "alive"
    inner = f"import time; time.sleep(2.5); open({str(alive)!r}, 'w')"
    script = f"import subprocess, sys; print('begun', flush=True); subprocess.run([sys.executable, '-c', {inner!r}])"
    began = time.monotonic()
    assert session.run([sys.executable, "-c", script], 1) == 124
    assert "begun\nEnded after 1 s\n" in log(session)
    time.sleep(max(0.0, began + 3.5 - time.monotonic()))
    assert not alive.exists()


def test_a_phase_that_went_well_is_left_out_on_the_same_sources(session: Session) -> None:
    ran: list[str] = []

    def work(name: str, code: int) -> int:
        ran.append(name)
        return code

    assert not session.phase("tests", lambda: work("failed", 1), "a")
    assert session.phase("tests", lambda: work("well", 0), "a")
    assert session.phase("tests", lambda: work("again", 0), "a")
    assert session.phase("tests", lambda: work("changed", 0), "b")
    assert [session.phase("figures", lambda: work("always", 0), "") for _ in range(2)] == [True, True]
    assert ran == ["failed", "well", "changed", "always", "always"]
    assert {name: it["exit"] for name, it in json.loads((session.out / "phases.json").read_text()).items()} == {
        "tests": 0,
        "figures": 0,
    }


def test_sources(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "b.so").write_text("1")
    before = gpu_session.fingerprint([tmp_path])
    (tmp_path / "b.so").write_text("2")
    assert gpu_session.fingerprint([tmp_path]) == before
    (tmp_path / "a.py").write_text("2")
    assert gpu_session.fingerprint([tmp_path]) != before


def test_figures_of_an_earlier_call_stay(tmp_path: Path) -> None:
    for name in ("gpu.json", "gpu-2.json", "gpu-3.json"):
        path = gpu_session.unused(tmp_path / "gpu.json")
        assert path.name == name
        path.touch()


def test_files_with_tests_that_need_a_gpu() -> None:
    found = gpu_session.marked(gpu_session.ROOT)
    assert "tests/cli/test_device.py" in found and "tests/cli/test_drive.py" not in found

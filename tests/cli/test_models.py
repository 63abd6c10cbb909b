from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def nothing_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)


def test_list_says_what_is_missing(run: Run) -> None:
    done = run("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "face_landmarker  3.8 MB  Apache-2.0  finds the landmarks of a face\n"
        "  not here; fetch it with: splatavatar models pull\n"
        "vision_tasks  6.2 MB  Apache-2.0  runs face_landmarker in the viewer's page\n"
        "  not here; fetch it with: splatavatar models pull --page\n"
        "onnx_runtime  33.1 MB  MIT  runs the audio network in the viewer's page\n"
        "  not here; fetch it with: splatavatar models pull --page\n"
    )


def test_list_says_where_it_is(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "face_landmarker.task").write_bytes(b"x")
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(tmp_path))
    assert run("models", "list").stdout.splitlines()[1] == f"  {tmp_path / 'face_landmarker.task'}"


def test_pull_without_network_says_so_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # the port of nobody
    monkeypatch.delenv("no_proxy", raising=False)
    done = run("models", "pull")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: https://")
    assert done.stderr.endswith("; fetch it elsewhere and name the file with --model or SPLATAVATAR_MODELS\n")
    assert done.stderr.count("\n") == 1

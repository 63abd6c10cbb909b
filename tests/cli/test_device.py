"""``--device`` of the commands that draw: what a machine without a GPU says, and what one with a GPU draws."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from splatavatar.cli.app import main
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.render.gpu_check import cuda_problem

Said = Callable[..., tuple[str, str]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Said:
    """``said(*arguments)``: what a command that fails with exit code 2 prints, in ``tmp_path``."""

    def call(*arguments: object) -> tuple[str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["splatavatar", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        captured = capsys.readouterr()
        return captured.out, captured.err

    return call


@pytest.mark.skipif(cuda_problem() is None, reason="this machine has CUDA")
@pytest.mark.parametrize(
    "arguments",
    [
        ["drive", "small.splatavatar", "--signal", "signal.npz", "-o", "out.mp4", "--record", "out.npz"],
        ["drive", "small.splatavatar", "--video", "absent.mp4", "--background", "blur", "-o", "out.mp4"],
        ["drive", "small.splatavatar", "--webcam", "99", "-o", "out.mp4", "-o", "new/%03d.png"],
        ["drive", "small.splatavatar", "--livelink", "0", "--record", "out.npz", "--virtual-camera"],
        ["render", "small.splatavatar", "-o", "new/out.png"],
        ["bench", "small.splatavatar", "--json"],
        ["bench", "small.splatavatar", "--latency", "--video", "absent.mp4"],
        ["eval", "small.splatavatar", "absent", "-o", "new"],
        ["eval", "small.splatavatar", "absent.mp4"],
    ],
    ids=" ".join,
)
def test_where_cuda_cannot_work(said: Said, files: Path, tmp_path: Path, arguments: list[str]) -> None:
    for name in ("small.splatavatar", "signal.npz"):
        (tmp_path / name).symlink_to(files / name)
    before = {"out.mp4": b"a film", "out.npz": b"a face"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    there = set(tmp_path.iterdir())
    printed, error = said(*arguments, "--device", "cuda")
    assert (printed, error) == ("", f"Error: --device cuda cannot work here: {cuda_problem()}\n")
    assert set(tmp_path.iterdir()) == there
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    "arguments",
    [("drive", "a"), ("render", "a", "-o", "a.png"), ("bench", "a"), ("eval", "a"), ("bake", "a")],
    ids=lambda arguments: arguments[0],
)
def test_every_command_refuses_other_devices_alike(said: Said, arguments: tuple[str, ...]) -> None:
    _, error = said(*arguments, "--device", "tpu")
    assert "Invalid value for '--device': " in error
    assert "'tpu' is not one of " in error and "'cpu', 'cuda'" in error


def test_the_device_is_printed(run, files: Path) -> None:
    result = run("bench", files / "small.splatavatar", "--json", "--frames", "2", "--size", "32x32", "--device", "cpu")
    assert json.loads(result.stdout)["device"].startswith("CPU: ")
    table = run("bench", files / "small.splatavatar", "--frames", "2", "--size", "32x32").stdout
    assert " FPS (CPU: " in table


def levels_apart(first: Path, second: Path) -> int:
    """Between the pictures of two folders, over white: what is transparent has no colour."""
    import cv2

    names = sorted(path.name for path in first.iterdir())
    assert names and names == sorted(path.name for path in second.iterdir())
    most = 0
    for name in names:
        over = []
        for folder in (first, second):
            picture = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED).astype(float)
            alpha = picture[..., 3:] / 255
            over.append(np.concatenate([picture[..., :3] * alpha + 255 * (1 - alpha), picture[..., 3:]], -1))
        assert over[0].std() > 5
        most = max(most, int(np.ceil(np.abs(over[0] - over[1]).max())))
    return most


@pytest.mark.gpu
def test_drive_draws_what_the_cpu_draws(run, tmp_path: Path) -> None:
    write_signal(tmp_path / "signal.npz", moving_signal(10 / 30))
    for device in ("cpu", "cuda"):
        arguments = ("--signal", "signal.npz", "-o", f"{device}/%03d.png", "--size", "256x320", "--device", device)
        done = run("drive", "demo", *arguments)
        assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "cuda").iterdir())) == 10
    assert levels_apart(tmp_path / "cpu", tmp_path / "cuda") <= 2


@pytest.mark.gpu
def test_render_draws_what_the_cpu_draws(run, tmp_path: Path) -> None:
    for device in ("cpu", "cuda"):
        done = run("render", "demo", "-o", f"{device}/a.png", "--yaw", "20", "--device", device)
        assert done.returncode == 0, done.stderr
    assert levels_apart(tmp_path / "cpu", tmp_path / "cuda") <= 2


@pytest.mark.gpu
def test_drive_in_real_time(run, tmp_path: Path) -> None:
    write_signal(tmp_path / "signal.npz", moving_signal(1.0))
    out = "a.mp4" if find_spec("av") else "a%03d.png"  # films are written by PyAV
    arguments = ("--signal", "signal.npz", "--stats", "-o", out, "--size", "128x128", "--device", "cuda")
    done = run("drive", "demo", *arguments)
    assert done.returncode == 0, done.stderr
    written = list(tmp_path.glob("a*"))
    assert "pictures of 128x128" in done.stdout and written and all(path.stat().st_size > 0 for path in written)


@pytest.mark.gpu
def test_eval_scores_what_the_cpu_scores(run, sample_capture: Path, tmp_path: Path) -> None:
    scores = {}
    for device in ("cpu", "cuda"):
        done = run("eval", "demo", sample_capture, "-o", device, "--device", device)
        assert done.returncode == 0, done.stderr
        scores[device] = json.loads((tmp_path / device / "metrics.json").read_text())["mean"]
    assert scores["cuda"]["psnr"] == pytest.approx(scores["cpu"]["psnr"], abs=0.05)
    assert scores["cuda"]["psnr_masked"] == pytest.approx(scores["cpu"]["psnr_masked"], abs=0.05)


@pytest.mark.gpu
def test_bench_times_every_stage(run) -> None:
    done = run("bench", "demo", "--json", "--frames", "50", "--device", "cuda")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["stages"]) == ["upload", "rig", "frames", "gaussians", "sort", "blend", "total"]
    assert all(milliseconds > 0 for milliseconds in result["stages"].values())
    # What is measured alone is part of what a whole picture takes.
    assert max(result["stages"].values()) == result["stages"]["total"] and "CPU" not in result["device"]


@pytest.mark.gpu
def test_bench_latency(run) -> None:
    done = run("bench", "demo", "--json", "--latency", "--device", "cuda")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["render_fps"] > 0 and 0 < result["latency_p50"] <= result["latency_p95"]

"""``benchmarks/gpu.py`` as it runs on a GPU, rehearsed without one: every number of its parts is written and finite."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu.py"


def rehearsed(*arguments: str, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "demo", "--rehearse", "--out", str(out), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """A part that fails, as its capture is not there, and those after it."""
    folder = tmp_path_factory.mktemp("gpu")
    out = folder / "figures.json"
    parts = ("--parts", "side,machine,drive,stages", "--scenes", "512", "--capture", str(folder / "none"))
    ran = rehearsed(*parts, out=out)
    return ran, json.loads(out.read_text())


def test_a_part_that_fails_leaves_the_others(
    session: tuple[subprocess.CompletedProcess[str], dict[str, Any]],
) -> None:
    ran, figures = session
    assert ran.returncode == 1
    assert figures["side"]["ending"] == "failed (1)"
    assert [figures[part]["ending"] for part in ("machine", "drive", "stages")] == ["done"] * 3, ran.stderr


def test_ceilings(session: tuple[subprocess.CompletedProcess[str], dict[str, Any]]) -> None:
    _, figures = session
    assert figures["machine"]["rehearsal"] is True
    for rate in ("copy_bytes", "upload_bytes", "readback_bytes", "float32_operations"):
        assert 0 < figures["machine"][f"{rate}_per_second"] < math.inf


def test_drive(session: tuple[subprocess.CompletedProcess[str], dict[str, Any]]) -> None:
    (scene,) = session[1]["drive"]["scenes"]
    assert (scene["scene"], scene["unit"], scene["target_per_second"]) == ("512", "pictures", 1000)
    assert scene["readback_bytes"] == 16 * 16 * 3
    for rate in ("overlapped", "overlapped_from_signals", "without_readback", "graph_replay_only"):
        assert 0 < scene[f"{rate}_per_second"] < math.inf
    for time in ("latency", "prepare_numbers", "graph_replay", "readback"):
        assert 0 < scene[time]["median"] <= scene[time]["p95"]


def test_stages(session: tuple[subprocess.CompletedProcess[str], dict[str, Any]]) -> None:
    ran, figures = session
    (scene,) = figures["stages"]["scenes"]
    counts = scene["counts"]
    assert (counts["pictures"], counts["poses"], counts["gaussians"], counts["tiles"]) == (1, 1, 48, 1)
    assert 0 < counts["entries"] <= counts["entries_wanted"]
    assert 0 < counts["entries_blended_share"] <= 1
    for stage in scene["stages"].values():
        assert stage["milliseconds"] > 0 and stage["bytes"] > 0 and stage["bytes_floor_milliseconds"] > 0
    assert scene["stages"]["blend"]["operations"] == 25 * 256 * counts["entries"]
    assert "Stages, scene 512 (1 x 16x16)" in ran.stdout


def test_unknown_parts_are_named(tmp_path: Path) -> None:
    ran = rehearsed("--parts", "machine,sound", out=tmp_path / "figures.json")
    assert ran.returncode == 2 and "no 'sound' among the parts" in ran.stderr


def test_entries_count_until_the_tile_is_opaque() -> None:
    """One tile whose first entry is clear, whose second hides everything, and one whose two entries are faint."""
    from gpu_figures.floors import blended_share

    from splatavatar.render.gpu.tiles import Grid, TileLists

    grid = Grid(1, 32, 16)
    lists = TileLists.room(grid, 16, torch.device("cpu"))
    lists.start[:], lists.stop[:] = torch.tensor([0, 4]), torch.tensor([4, 6])
    lists.record.zero_()  # of no slope: as strong everywhere as its peak, the logarithm of alpha
    lists.record[:, 5] = torch.log2(torch.tensor([0.5, 1.0, 1.0, 1.0, 0.1, 0.1] + [1.0] * 10))
    assert blended_share(lists, grid) == pytest.approx((2 + 2) / 6)


def test_eyes_stand_apart() -> None:
    from gpu_figures.scenes import BETWEEN_EYES, eyes

    from splatavatar.render.camera import look_at

    middle = look_at(np.array([0.3, 0.1, 1.0]), np.zeros(3), 0.4, 20, 20)
    left, right = eyes(middle)
    across = middle.T_camera_world[0, :3]
    assert np.allclose(right.position - left.position, BETWEEN_EYES * across)
    assert np.allclose((right.position + left.position) / 2, middle.position)

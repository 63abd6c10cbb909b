from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from splatavatar.render.gpu_check import cuda_problem
from splatavatar.render.rasterize import BACKENDS

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def without(modules: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where ``modules`` cannot be imported."""
    code = (
        f"import sys\nsys.modules |= dict.fromkeys({modules!r})\nsys.argv = {['splatavatar', *arguments]!r}\n"
        "from splatavatar.cli.app import main\nmain()"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_table_names_every_part(run: Run) -> None:
    done = run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    names = [line[2:18].rstrip() for line in done.stdout.splitlines() if line[2:3].strip(" ─")]
    assert names[:18] == [
        *("part", "splatavatar", "Python", "native module", "cores", "OpenCV", "PyAV"),
        *("torch", "NVIDIA GPU", "triton", "gsplat", "anny", "mediapipe", "face landmarker"),
        *("onnxruntime", "sounddevice", "pyvirtualcam", "rembg"),
    ]
    assert "picture by cpu    a check            right (0.00 of 255 levels off)" in done.stdout


def test_the_facts_as_json(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    done = run("doctor", "--device", "cpu", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert list(told) == ["parts", "pictures", "core_problem", "cuda_problem"]
    assert (told["core_problem"], told["cuda_problem"]) == (None, cuda_problem())
    parts = {part.pop("name"): part for part in told["parts"]}
    assert parts["face landmarker"] == {
        "purpose": "video, webcams",
        "state": "missing",
        "found": "not here",
        "command": "splatavatar models pull",
    }
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "a build without CUDA"
    assert parts["torch"]["found"] == f"{torch.__version__}, {build}"
    cpu = told["pictures"][0]
    assert (cpu["backend"], cpu["problem"]) == ("cpu", None)
    assert 0 < cpu["levels"] < 0.1
    assert {picture["backend"] for picture in told["pictures"]} <= set(BACKENDS) - {"auto", "reference"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asked_for_cuda_where_there_is_none(run: Run) -> None:
    done = run("doctor", "--device", "cuda")
    assert (done.returncode, done.stderr) == (2, f"Error: {cuda_problem()}\n")
    assert "NVIDIA GPU" in done.stdout


@pytest.mark.gpu
def test_asked_for_cuda_where_it_works(run: Run) -> None:
    done = run("doctor", "--device", "cuda", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"cpu", "cuda"} <= {picture["backend"] for picture in json.loads(done.stdout)["pictures"]}


def test_without_anything_that_can_be_absent() -> None:
    modules = {"torch", "cv2", "av", "anny", "mediapipe", "onnxruntime", "sounddevice", "pyvirtualcam", "rembg"}
    done = without(modules, "doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["cuda_problem"] == 'torch is not installed: pip install ".[bake,cuda]"'
    assert [(picture["backend"], picture["problem"]) for picture in told["pictures"]] == [("cpu", None)]
    parts = {part["name"]: (part["state"], part["command"]) for part in told["parts"]}
    commands = {
        "torch": 'pip install ".[bake]"',
        "OpenCV": 'pip install ".[drive]"',
        "PyAV": 'pip install ".[drive]"',
        "anny": 'pip install ".[bake]"',
        "mediapipe": 'pip install ".[drive]"',
        "onnxruntime": 'pip install ".[audio]"',
        "sounddevice": 'pip install ".[live]"',
        "pyvirtualcam": 'pip install ".[live]"',
        "rembg": 'pip install ".[matting]"',
    }
    assert {name: parts[name] for name in commands} == {
        name: ("missing", command) for name, command in commands.items()
    }


def test_without_the_native_module() -> None:
    done = without({"splatavatar.render._native", "torch"}, "doctor")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: the native module does not load (import of splatavatar.render._native halted; None in sys.modules): "
        f"install splatavatar again with {sys.executable}\n"
    )
    assert "native module" in done.stdout and "picture by" not in done.stdout

"""What is read off a machine; a driver, a compiler and packages are put there as small real ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from splatavatar.render.gpu_facts import cuda_facts, gsplat_facts, installed

ROOT = Path(__file__).parents[2]
DRIVER = """
int cuDriverGetVersion(int *version) { *version = 12040; return %d; }
int cuInit(unsigned flags) { return 802; }
int cuGetErrorName(int code, const char **name) { *name = "CUDA_ERROR_SYSTEM_NOT_READY"; return code != 802; }
"""


def told(expression: str, before: str = "", **environment: str) -> str:
    """What a fresh interpreter prints of ``expression``, in which ``f`` is the module."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    code = f"{before}\nimport splatavatar.render.gpu_facts as f\nprint({expression})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_torch_as_it_is_here() -> None:
    facts = cuda_facts()
    assert (facts.torch, facts.torch_error, facts.torch_cuda) == (torch.__version__, None, torch.version.cuda)
    assert (facts.gpu is None) == (not torch.cuda.is_available())


def test_without_torch() -> None:
    block = "import sys; sys.modules['torch'] = None"
    assert told("(f.cuda_facts().torch, f.cuda_facts().torch_error)", block) == "(None, None)"


def test_a_torch_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('libcudart.so.13: no such file\\nmore')")
    block = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    assert told("f.cuda_facts().torch_error", block) == "libcudart.so.13: no such file"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="makes a library with gcc")
@pytest.mark.parametrize(("answer", "version"), [(0, "12.4"), (34, None)], ids=["driver", "stub of the toolkit"])
def test_the_driver_says_what_it_runs_and_why_it_does_not_start(
    tmp_path: Path, answer: int, version: str | None
) -> None:
    (tmp_path / "driver.c").write_text(DRIVER % answer)
    subprocess.run(["gcc", "-shared", "-fPIC", "driver.c", "-o", "libcuda.so.1"], cwd=tmp_path, check=True)
    asked = "(f.cuda_facts().driver_cuda, f.cuda_facts().start_error)"
    # A torch with CUDA would take the library for its driver.
    block = "import types, sys; sys.modules['torch'] = None" if torch.version.cuda else ""
    error = None if block else "CUDA_ERROR_SYSTEM_NOT_READY"
    assert told(asked, block, LD_LIBRARY_PATH=str(tmp_path)) == str((version, error))


def test_the_compiler_is_the_one_that_triton_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "cc", "")  # Triton does not look for it
    assert (cuda_facts().cc, cuda_facts().compiler) == (None, None)
    clang = program(tmp_path / "clang", "")
    assert cuda_facts().compiler == str(clang)
    gcc = program(tmp_path / "gcc", "")
    assert cuda_facts().compiler == str(gcc)
    monkeypatch.setenv("CC", "icc")
    assert (cuda_facts().cc, cuda_facts().compiler) == ("icc", None)


def test_headers_where_the_compiler_is_told_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("CPATH", f"/nowhere{os.pathsep}{tmp_path}")
    assert cuda_facts().lacking_headers is None


def test_visible_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cuda_facts().visible == ""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert cuda_facts().visible is None


def test_gsplat_and_its_tools(tmp_path: Path) -> None:
    package = tmp_path / "packages" / "gsplat"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    information = tmp_path / "packages" / "gsplat-1.5.3.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: gsplat\nVersion: 1.5.3\n")
    block = f"import sys; sys.path.insert(0, {str(package.parent)!r})"
    nvcc = program(tmp_path / "cuda" / "bin" / "nvcc", "echo 'Cuda compilation tools, release 12.4, V12.4.131'")
    program(tmp_path / "bin" / "ninja", "")
    tools = {"CUDA_HOME": str(tmp_path / "cuda"), "PATH": str(tmp_path / "bin")}
    assert told("f.gsplat_facts()", block, **tools) == (
        f"GsplatFacts(gsplat='1.5.3', compiled=False, nvcc='{nvcc}', nvcc_cuda='12.4', ninja=True)"
    )
    program(nvcc, "echo no licence; exit 1")
    assert told("f.gsplat_facts().nvcc", block, **tools) == "None"
    (package / "csrc.cpython-312-x86_64-linux-gnu.so").touch()
    assert told("f.gsplat_facts().compiled", block, **tools) == "True"


@pytest.mark.skipif(installed("gsplat") is not None, reason="gsplat is here")
def test_without_gsplat() -> None:
    assert gsplat_facts().gsplat is None


def test_a_version_is_told_under_any_of_the_names() -> None:
    assert installed("typer") is not None
    assert installed("cv2", "opencv-of-nobody", "opencv-contrib-python") not in (None, "unknown version")
    assert installed("wave") == "unknown version"
    assert installed("of_nobody") is None

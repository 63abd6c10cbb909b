"""The native tests over a module that is compiled with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from splatavatar.render import _native
from support.native_build import COMPILER, ROOT

pytestmark = pytest.mark.slow

SANITIZERS = "address,undefined,float-cast-overflow"
TESTS = (
    "tests/render/native",
    "tests/render/test_binning.py",
    "tests/render/test_golden.py",
    "tests/render/test_native_rig.py",
    "tests/render/test_rasterize.py",
    "tests/render/test_trial.py",
    "tests/avatar/renderers/test_cpu_renderer.py",
    "tests/avatar/renderers/test_cpu_renderer_refusals.py",
    "tests/bake/engines/test_engine.py",
)


@pytest.fixture(scope="module")
def module() -> Path:
    """Compiled where it was not, or where a file has changed."""
    folder = ROOT / "build" / "sanitized"
    settings = (f"-DSPLATAVATAR_SANITIZE={SANITIZERS}", "-DCMAKE_BUILD_TYPE=Release")
    told = f"-DPython_EXECUTABLE={sys.executable}"
    for command in (
        ["cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", told, *settings],
        ["cmake", "--build", str(folder), "--target", "_native"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (file,) = folder.glob("_native*.so")
    return file


@pytest.fixture(scope="module")
def runtimes() -> str:
    """The libraries of the sanitizers, which must be loaded before all others."""
    found = []
    for library in ("libasan.so", "libubsan.so", "libstdc++.so"):
        command = [COMPILER, f"-print-file-name={library}"]
        found.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    return ":".join(found)


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
def test_native_tests(instruction_set: str, module: Path, runtimes: str) -> None:
    path = (Path(__file__).with_name("sanitized"), ROOT, os.environ.get("PYTHONPATH", ""))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, filter(None, path))),
        "NATIVE_MODULE": str(module),
        "NATIVE_SET": instruction_set,
        "LD_PRELOAD": runtimes,
        # An interpreter frees little when it ends; a fork of a big process is slow enough.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:abort_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]

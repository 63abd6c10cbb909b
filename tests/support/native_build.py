"""Programs and modules that the tests compile themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "splatavatar" / "render" / "native"
COMPILER = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or "c++"
SANITIZED = "NATIVE_MODULE" in os.environ
"""this very run is one of ``test_sanitizers``"""


def environment(**changes: str) -> dict[str, str]:
    """That of a new Python which imports this package; a sanitizer's own settings go with it."""
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))
    return {**os.environ, "PYTHONPATH": path, **changes}


def run(code: str, seconds: float = 60, **changes: str) -> subprocess.CompletedProcess[str]:
    """``code`` in a Python of its own; a hang fails the test after ``seconds``."""
    limit = seconds * (4 if SANITIZED else 1)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=limit, env=environment(**changes))


def compiled(program: str, files: tuple[str, ...], flags: tuple[str, ...], folder: Path) -> Path:
    """``program`` of ``tests/render/native`` with ``files`` of the native part; skips where there is no compiler."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no C++ compiler ({COMPILER})")
    source = ROOT / "tests" / "render" / "native" / program
    out = folder / source.stem
    parts = [str(source), *(str(NATIVE / file) for file in files)]
    command = [
        COMPILER,
        "-std=c++20",
        "-Wall",
        "-Wextra",
        *flags,
        f"-I{NATIVE}",
        *parts,
        "-pthread",
        "-ldl",
        "-o",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out

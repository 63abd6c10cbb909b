"""Running the command line on a small avatar."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.avatar.file import save_avatar
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from support.consents import consenting
from support.small_avatar import small_avatar

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``small.splatavatar``, ``consenting.splatavatar`` and ``signal.npz`` (12 frames at 24 a second)."""
    folder = tmp_path_factory.mktemp("files")
    save_avatar(folder / "small.splatavatar", small_avatar())
    save_avatar(folder / "consenting.splatavatar", consenting(small_avatar()))
    write_signal(folder / "signal.npz", moving_signal(0.5, 24))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(*arguments)``: the command in a process of its own, in ``tmp_path``."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        # The working folder is elsewhere, so a package that runs from the checkout must still be found.
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, "-m", "splatavatar", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "100"},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
        )

    return call

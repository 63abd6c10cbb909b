"""Running the command line on a small avatar."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import save_avatar
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _small_avatar() -> Avatar:
    # The drive tests make the avatar; pytest's import mode gives test folders no package to import it from.
    spec = spec_from_file_location("drive_conftest", ROOT / "tests" / "drive" / "conftest.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    avatar: Avatar = module.small_avatar()
    return avatar


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``small.splatavatar`` and ``signal.npz`` (12 frames at 24 a second)."""
    folder = tmp_path_factory.mktemp("files")
    save_avatar(folder / "small.splatavatar", _small_avatar())
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

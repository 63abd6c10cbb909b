"""Commands of nerfstudio, as a user gives them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")


def begun(folder: Path, command: str, *arguments: str) -> subprocess.Popen[str]:
    """``ns-COMMAND`` as it runs in ``folder``; what it prints can be read."""
    # What nerfstudio prints is drawn for a terminal, and wrapped at its width.
    environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [sys.executable, str(LAUNCH), command, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, command: str, *arguments: str) -> tuple[int, str]:
    """The exit code of ``ns-COMMAND`` in ``folder``, and what it printed."""
    process = begun(folder, command, *arguments)
    said, _ = process.communicate(timeout=600)
    return process.returncode, said

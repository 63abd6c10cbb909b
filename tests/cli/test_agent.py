from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("livekit")
ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_worker_whose_server_says_nothing_ends_when_it_is_asked_to(files: Path) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        avatar = str(files / "consenting.splatavatar")
        process = subprocess.Popen(
            [sys.executable, "-m", "splatavatar", "agent", "livekit", avatar, "--size", "64x64", "--url", url],
            env={**os.environ, "PYTHONPATH": path, "LIVEKIT_TOKEN": "a.b.c"},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            joining, _ = silent.accept()
            with joining:
                process.send_signal(signal.SIGTERM)
                # A server that is waited for to the end makes it end with 2.
                _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors

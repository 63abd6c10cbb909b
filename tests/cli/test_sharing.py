"""What others are given once a page is shared."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["view", "drive"])
def test_what_is_baked_anew_without_consent_is_not_shared(
    command: str, built: None, files: Path, tmp_path: Path
) -> None:
    avatar = Path(shutil.copy(files / "consenting.splatavatar", tmp_path / "me.splatavatar"))
    checked = avatar.read_bytes()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SPLATAVATAR_HOME": str(tmp_path)}
    arguments = {
        "view": ["--no-open"],
        "drive": ["--view", "--signal", str(files / "signal.npz"), "--source", f"signal:{ROOT}/data/signals/hello.npz"],
    }[command]
    with subprocess.Popen(
        [sys.executable, "-m", "splatavatar", command, str(avatar), "--share", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    ) as running:
        try:
            assert running.stdout is not None and running.stderr is not None
            said = running.stdout.readline()
            match = re.search(r"at https://\S+:(\d+)/\?token=([^&\s]+)", said)
            assert match is not None, said + running.stderr.read()
            shutil.copy(files / "small.splatavatar", avatar)
            trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate" / "certificate.pem"))
            address = f"https://localhost:{match[1]}/avatar.splatavatar?token={match[2]}"
            with urllib.request.urlopen(address, timeout=30, context=trusting) as answer:
                assert answer.read() == checked != avatar.read_bytes()
            running.send_signal(signal.SIGINT)
            assert running.wait(60) in (0, 130)  # by whether the drive has begun
        finally:
            running.kill()

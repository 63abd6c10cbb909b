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


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_whose_server_says_nothing_ends_when_it_is_asked_to(files: Path, end: signal.Signals) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        avatar = str(files / "consenting.splatavatar")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "splatavatar",
                "agent",
                "livekit",
                avatar,
                "--no-marks",
                "--size",
                "64x64",
                "--url",
                url,
            ],
            env={**os.environ, "PYTHONPATH": path, "LIVEKIT_TOKEN": "a.b.c"},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            joining, _ = silent.accept()
            with joining:
                process.send_signal(end)
                # A server that is waited for to the end makes it end with 2.
                _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 128 + end
    assert "Traceback" not in errors
    assert errors.startswith("what is shown from here: without marks, so neither people's tools nor platforms")


@pytest.mark.parametrize(
    ("key", "arguments", "sentence"),
    [
        (
            "",
            ["--host", "0.0.0.0"],
            "SPLATAVATAR_DISPATCHER_KEY: the key that agents are to send is empty; put one into it, or name none at "
            "all.",
        ),
        (
            "schl\u00fcssel",
            [],
            "SPLATAVATAR_DISPATCHER_KEY: the key that agents are to send holds what no header can bring; expected "
            "letters, digits and signs of ASCII, with no spaces around them.",
        ),
        (
            None,
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0: others reach it, so put a key into SPLATAVATAR_DISPATCHER_KEY that agents are to send.",
        ),
        (
            "secret",
            ["--host", "256.0.0.1"],
            "--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0, not '256.0.0.1'.",
        ),
        (
            "secret",
            ["--host", "a..b"],
            "--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0, not 'a..b'.",
        ),
    ],
    ids=["no key in it", "no key for a header", "no key", "no address", "no name"],
)
def test_what_cannot_be_dispatched_is_one_sentence(
    key: str | None, arguments: list[str], sentence: str, run: Run, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key is None:
        monkeypatch.delenv("SPLATAVATAR_DISPATCHER_KEY", raising=False)
    else:
        monkeypatch.setenv("SPLATAVATAR_DISPATCHER_KEY", key)
    done = run("agent", "dispatch", files / "consenting.splatavatar", *arguments)
    assert done.returncode == 2
    assert done.stderr == f"Error: {sentence}\n"

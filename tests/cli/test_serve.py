from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.render.gpu_check import cuda_problem

pytest.importorskip("prometheus_client")
ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0 lets the network in, and there are no API keys; name their file by --keys (splatavatar key "
            "api add NAME makes one), or listen on 127.0.0.1.",
        ),
        (
            ["--host", "example.org"],
            "--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0, not 'example.org'.",
        ),
        (["--voice", "nobody"], "nobody is no voice, expected espeak-ng[:VOICE], piper:MODEL or openai:URL[#VOICE]."),
        (["--certificate", "cert.pem"], "a certificate and its key go together; name both files."),
        (["--avatars", "{empty}"], "no avatar (.splatavatar) is there."),
        (["--avatars", "{empty}/none.png"], "none.png: no avatar (.splatavatar) is there."),
        (["--keys", "{empty}/keys.json"], "no such file"),
        (["--label="], "a label has 1 to 40 characters that can be seen"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_served_is_one_sentence(arguments: list[str], sentence: str, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = run("serve", *[argument.replace("{empty}", str(folder)) for argument in arguments])
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_device_that_cannot_draw_is_no_service(run: Run) -> None:
    problem = cuda_problem()
    if problem is None:
        pytest.skip("CUDA works here")
    done = run("serve", "--device", "cuda")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: --device cuda cannot work here: {problem}\n"


def test_a_service_without_marks_says_what_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "splatavatar", "serve", "--no-marks", "--port", port],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("1 avatar at ")
        assert select.select([process.stderr], [], [], 60)[0]
        assert process.stderr.readline().startswith(
            "what is shown from here: without marks, so neither people's tools nor platforms can tell that it shows an"
        )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client")
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

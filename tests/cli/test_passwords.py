"""Passwords that are typed at a terminal."""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path

import pytest

from splatavatar.trust.keys import new_key, read_key, write_key

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)
import pty

ROOT = Path(__file__).parents[2]
CTRL_C, CTRL_D = "\x03", "\x04"


def typed(folder: Path, *lines: str, command: str) -> tuple[str, int]:
    """What ``splatavatar key COMMAND`` says at a terminal at which ``lines`` are typed, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        os.environ["SPLATAVATAR_CONFIG"] = str(folder)
        os.execv(sys.executable, [sys.executable, "-m", "splatavatar", "key", *command.split()])
    said, waiting, asked, end = b"", list(lines), 0, time.monotonic() + 60
    while time.monotonic() < end:
        # It waits for a line once it has asked again and is silent.
        if not select.select([terminal], [], [], 0.2)[0]:
            if waiting and said.endswith(b": ") and len(said) > asked:
                asked = len(said)
                os.write(terminal, waiting.pop(0).encode())
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(terminal)
    return said.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_D, 2)], ids=["Ctrl-C", "Ctrl-D"])
def test_a_password_that_is_not_typed(tmp_path: Path, key: str, code: int) -> None:
    path = tmp_path / "key.pem"
    write_key(path, new_key("Ann"), "open sesame")
    before = path.read_bytes()
    for command, lines in (("show", [key]), ("password", ["open sesame\n", key])):
        said, ended = typed(tmp_path, *lines, command=command)
        assert ended == code, said
        assert said.endswith("Error: the password of the key was not given\n") == (code == 2), said
    assert path.read_bytes() == before


def test_a_new_password(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_key(path, new_key("Ann"), None)
    said, ended = typed(tmp_path, "sesame\n", "barley\n", "sesame\n", "sesame\n", command="password")
    assert (ended, said.splitlines()[-1]) == (0, "The key has a new password."), said
    assert read_key(path, "sesame").name == "Ann"

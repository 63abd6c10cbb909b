"""A number of threads that is none stops every command that draws, before it begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).parents[2]
AVATAR = "demo"
SENTENCE = (
    "Error: SPLATAVATAR_THREADS is '{}'; expected a whole number from 1 to 256, or leave it unset for all cores\n"
)
Run = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize("value", ["abc", "0", "-1", "1000"])
@pytest.mark.parametrize(
    "command",
    [
        ("render", AVATAR, "-o", "x.png"),
        ("drive", AVATAR, "--signal", "{root}/data/signals/hello.npz", "-o", "x.mp4"),
        ("bench", AVATAR, "--frames", "2"),
        ("eval", AVATAR, "{root}/data/sample-capture"),
        ("export", AVATAR, "-o", "x.ply"),
        ("bake", "{root}/data/sample-capture", "-o", "x.splatavatar", "--iterations", "2", "--device", "cpu"),
    ],
    ids=lambda command: command[0],
)
def test_commands_that_draw(
    command: tuple[str, ...], value: str, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPLATAVATAR_THREADS", value)
    done = run(*(part.format(root=ROOT) for part in command))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", SENTENCE.format(value))
    assert not list(tmp_path.glob("x.*"))


def test_commands_that_draw_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_THREADS", "abc")
    for command in (("info", AVATAR), ("--help",), ("--version",)):
        assert run(*command).returncode == 0


def test_doctor_says_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_THREADS", "abc")
    done = run("doctor")
    assert (done.returncode, done.stderr) == (2, SENTENCE.format("abc"))
    assert "SPLATAVATAR_THREADS is 'abc'" in " ".join(done.stdout.split())

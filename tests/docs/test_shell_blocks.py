"""Every command line of the documents is one that the command understands; those that take little time are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from splatavatar.cli.app import app
from splatavatar.cli.drive import DEFAULTS
from splatavatar.cli.optional_values import with_defaults

if sys.version_info >= (3, 11):
    import tomllib

from support.documents import ROOT, Line, inputs, shell_lines

LINES = shell_lines()
OURS = [line for line in LINES if line.text.startswith("splatavatar ")]
OTHERS = [line for line in LINES if not line.text.startswith("splatavatar ")]
CHEAP = ("render", "export", "signal convert", "info", "doctor", "capture guide")
KNOWN = (
    "python -m splatavatar.",
    "python3 -m venv ",
    "source ",
    "cd ",
    "pip freeze",
    "python benchmarks/",
    "make",
    "pip install ",
    "pip uninstall ",
    "git ",
    "ns-",
)


def is_cheap(line: Line) -> bool:
    words = line.text.removeprefix("splatavatar ")
    plays = words.startswith("drive ") and "data/signals/hello.npz" in words
    named = re.search(r"\b[A-Z]{3,}\b|avatar\.splatavatar", words)  # what a reader puts in their own for
    bare = words in ("render", "export")  # a name in a sentence
    return (plays or words.startswith(CHEAP)) and "cuda" not in words and not named and not bare


def test_there_are_commands() -> None:
    assert len(OURS) > 40
    assert sum(map(is_cheap, OURS)) > 5


@pytest.mark.parametrize(
    "words", ["fly away", "drive demo --fly", "capture fly away", "bake a --preset b", "info a b c"]
)
def test_what_it_does_not_understand_is_found(words: str) -> None:
    with pytest.raises(Exception) as caught:  # typer brings its exceptions under names that change
        test_the_command_understands_it(Line(ROOT / "README.md", f"splatavatar {words}"))
    kinds = {kind.__name__ for kind in type(caught.value).__mro__}
    assert kinds & {"AssertionError", "UsageError"}


@pytest.mark.parametrize("line", OURS, ids=str)
def test_the_command_understands_it(line: Line) -> None:
    words = shlex.split(line.text)[1:]
    command: Any = typer.main.get_command(app)
    context = command.make_context("splatavatar", [], resilient_parsing=True)
    if len(words) == 1 and words[0] in command.commands:
        return  # its name alone, in a sentence
    words = with_defaults(words, DEFAULTS) if words[0] in ("drive", "render") else words
    while hasattr(command, "commands"):
        assert words and words[0] in command.commands, f"there is no command {words[:1]}"
        name, command, words = command.resolve_command(context, words)
        if not words and hasattr(command, "commands"):
            return
    if words:
        command.make_context(name, list(words), parent=context)  # raises for what it does not understand


@pytest.mark.parametrize("line", OTHERS, ids=str)
def test_other_commands_name_what_is_there(line: Line) -> None:
    assert line.text.startswith(KNOWN), line
    words = shlex.split(line.text)
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
        assert set(words[1:]) <= set(targets)
    elif line.text.startswith("python benchmarks/"):
        assert (ROOT / words[1]).is_file()
    elif line.text.startswith("python -m "):
        assert (ROOT / words[2].replace(".", "/") / "__main__.py").is_file()
    elif line.text.startswith("pip install ") and sys.version_info >= (3, 11):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for extras in re.findall(r"\.\[([\w,]+)\]", line.text):
            assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("line", [line for line in OURS if is_cheap(line)], ids=str)
def test_it_does_what_it_says(line: Line, tmp_path: Path) -> None:
    inputs(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    newest = tmp_path / "newest.splatavatar"
    shutil.copy(ROOT / "splatavatar" / "avatar" / "data" / "demo.splatavatar", newest)
    (home / "recent").write_text(f"{newest}\n")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "splatavatar", *shlex.split(line.text)[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "SPLATAVATAR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    words = shlex.split(line.text)
    if "-o" in words:
        out = words[words.index("-o") + 1]
        assert list(tmp_path.glob(re.sub(r"%\d*d", "*", out)))

"""``consent say`` and ``consent check``."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from support.footage import numbered, write_video


def test_say_prints_a_sentence_and_remembers_it(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("SPLATAVATAR_HOME", str(home))
    done = run("consent", "say")
    assert done.returncode == 0, done.stderr
    [code] = json.loads((home / "codes.json").read_text())
    assert code["date"] == datetime.date.today().isoformat()
    assert f"My code is: {', '.join(code['words'])}. Today is the " in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr.startswith("Read it aloud within the first minute of the video")


def test_what_cannot_be_checked_is_one_sentence(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))
    film = write_video(tmp_path / "silent.mp4", numbered(3))
    done = run("consent", "check", film)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: no code is open; splatavatar consent say hands one out\n"
    assert run("consent", "say").returncode == 0
    done = run("consent", "check", film)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {film}: no audio track in it.\n")

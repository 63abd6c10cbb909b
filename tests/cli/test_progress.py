"""Progress bars."""

from __future__ import annotations

import pytest
from rich import console as rich_console

from splatavatar.cli.progress import progress_bars, stages


def test_names_of_clips_are_shown_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    assert rich_console.Console(stderr=True).is_terminal
    with stages() as progress:
        progress("finding the face in [red]take[/red] \x1b[2J.mp4", 0.5)
    shown = capfd.readouterr().err
    assert r"[red]take[/red] \x1b[2J.mp4" in shown
    assert "\x1b[2J" not in shown


def test_the_bar_of_the_present_work_shows(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    with progress_bars("reading", "drawing") as (reading, drawing):
        reading(3, 7)
        assert capfd.readouterr().err.count("drawing") == 0
        drawing(2, 9)
    last = capfd.readouterr().err.rpartition("reading")[2]
    assert "drawing" in last and "2/9" in last

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.bake.events import (
    Baked,
    CaptureRecognised,
    CheckpointFailed,
    DeviceChosen,
    Event,
    Interrupted,
    Measured,
    ParametersLeftOut,
    Preparing,
    ReportWritten,
    RigPrepared,
    Training,
)
from splatavatar.bake.reporting.monitor import Display
from splatavatar.bake.unfinished import Unfinished


class Clock:
    """Seconds that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


def display(printed: io.StringIO, clock: Clock) -> Display:
    return Display(Console(file=printed, force_terminal=False, width=200), clock)


def test_quick_preparation_says_its_name_only(printed: io.StringIO) -> None:
    shown = display(printed, Clock())
    for i in range(101):
        shown.stage("reading pictures", i / 100)
    shown.stage("posing", 1.0)
    assert printed.getvalue() == "reading pictures\nposing\n"


def test_long_preparation_says_its_tenths_after_a_while(printed: io.StringIO) -> None:
    clock = Clock()
    shown = display(printed, clock)
    for i in range(101):
        shown.stage("unpacking", i / 100)
        clock.now += 0.15
    assert printed.getvalue().splitlines() == [
        "unpacking",
        "unpacking  67%",
        "unpacking  70%",
        "unpacking  80%",
        "unpacking  90%",
    ]


def test_the_optimiser_says_its_tenths(printed: io.StringIO) -> None:
    shown = display(printed, Clock())
    with shown.running():
        for i in range(100):
            shown.training(Training(i, i / 100, 8.4, 0.0312, math.nan if i < 50 else 31.26, 40_000))
        shown.say("done [not markup]")
    lines = printed.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "optimising   0% step 0  8/s  40k Gaussians  loss 0.0312"
    assert lines[7] == "optimising  70% step 70  8/s  40k Gaussians  loss 0.0312  31.3 dB"
    assert lines[-1] == "done [not markup]"


def test_a_terminal_shows_one_bar(printed: io.StringIO) -> None:
    shown = Display(Console(file=printed, force_terminal=True, width=120, color_system=None), Clock())
    with shown.running():
        shown.stage("reading pictures", 0.5)
        shown.training(Training(20, 0.5, 8.4, 0.0312, 31.26, 40_000))
    last = printed.getvalue().splitlines()[-2]  # the cursor comes back on the last
    assert "optimising" in last and "50%" in last and "31.3 dB" in last


HARM = "[red]take[/red] \x1b[2J\u202e.mp4"
SHOWN = r"[red]take[/red] \x1b[2J\u202e.mp4"


def test_names_of_clips_are_shown_and_nothing_else(printed: io.StringIO) -> None:
    display(printed, Clock()).stage(f"finding the face in {HARM}", 0.5)
    assert printed.getvalue() == f"finding the face in {SHOWN}\n"
    terminal = io.StringIO()
    live = Display(Console(file=terminal, force_terminal=True, color_system=None, width=200, _environ={}), Clock())
    with live.running():
        live.stage(HARM, 0.5)
    assert SHOWN in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()
    display(printed, Clock()).say("one\ntwo")
    assert printed.getvalue().endswith("\none\ntwo\n")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (DeviceChosen("cpu", ""), ""),
        (CaptureRecognised("nerfstudio: transforms.json"), "nerfstudio: transforms.json"),
        (
            ParametersLeftOut("vhap", "flame", "anny-head"),
            "the capture brings parameters of flame by vhap, this bake is on anny-head: the head is tracked anew "
            "(--rig flame uses them)",
        ),
        (DeviceChosen("cpu", "the GPU is lost"), "the GPU is lost"),
        (Preparing("reading pictures", 0.5), "reading pictures"),
        (RigPrepared(61.2), "the body model is prepared (61 s, once); the budget counts without it"),
        (Measured(1.0, 0.5, 0.1), ""),
        (CheckpointFailed("no room"), "no checkpoint: no room"),
        (Interrupted(7), "interrupted at step 7; go on with the same command and --resume"),
        (Interrupted(None), "interrupted; go on with the same command and --resume"),
        (ReportWritten(Path("a.report.html")), "a.report.html: the report"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_event_is_one_line_or_none(printed: io.StringIO, event: Event, line: str) -> None:
    display(printed, Clock())(event)
    assert printed.getvalue() == (line + "\n" if line else "")


def test_an_unfinished_bake_is_told_the_options_with_which_it_goes_on(printed: io.StringIO) -> None:
    why = Unfinished(60.0, 3, 305, 8000, 360.0)
    display(printed, Clock())(Baked(Path("a.splatavatar"), Path("a.report.html"), load_avatar(DEMO), why))
    assert printed.getvalue() == (
        "a.splatavatar: unfinished: the budget of 60 s was enough for 3 steps, an avatar needs at least 305 and "
        "usually gets some 8,000; go on with --resume --budget 360s\n"
    )

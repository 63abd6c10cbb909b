from __future__ import annotations

import io
import math

import numpy as np
import pytest
from rich.console import Console

from splatavatar.bake import metrics
from splatavatar.bake.monitor import Display, Readout, psnr


def test_psnr_is_that_of_the_scores() -> None:
    random = np.random.default_rng(0)
    rgba = random.integers(0, 256, (9, 14, 4), np.uint8)
    alpha = random.random((9, 14), np.float32)
    colour = random.random((9, 14, 3), np.float32)
    planes = np.concatenate([np.moveaxis(colour * alpha[..., None], -1, 0), 1 - alpha[None]])
    truth = metrics.composite(metrics.unit(rgba[..., :3]), metrics.unit(rgba[..., 3]))
    assert psnr(planes, rgba) == pytest.approx(metrics.psnr(metrics.composite(colour, alpha), truth), abs=1e-4)


def test_psnr_sees_colours_cut_to_the_range() -> None:
    white = np.full((4, 4, 4), 255, np.uint8)
    planes = np.stack([np.full((4, 4), value, np.float32) for value in (1.5, 2.0, 1.0, 0.0)])
    assert psnr(planes, white) == 120.0


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
            shown.training(Readout(i, i / 100, 8.4, 0.0312, math.nan if i < 50 else 31.26, 40_000))
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
        shown.training(Readout(20, 0.5, 8.4, 0.0312, 31.26, 40_000))
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

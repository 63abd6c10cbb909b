from __future__ import annotations

import io

import pytest
from rich.console import Console

from splatavatar.bake.events import CheckpointFailed, Preparing, Resumed, Training
from splatavatar.serve.cluster.board import Board
from splatavatar.serve.cluster.display import Bars, sentence_of
from splatavatar.serve.cluster.jobs import Begun, Failed, Finished, Noted, Outcome, Stopped


def training(iteration: int, progress: float) -> Training:
    return Training(iteration, progress, 10.0, 0.1, float("nan"), 1000)


def test_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    bars = Bars(Console(file=stream, width=500), 2)
    with bars.running():
        bars.tell("ann", Begun("machine-1", 12))
        bars.tell("ann", Resumed(7, ()))
        for fraction in (0.0, 0.1, 0.2):
            bars.tell("ben", Preparing("reading [pictures]", fraction))
        for step in range(11):
            bars.tell("ann", training(step, step / 10))
        bars.tell("ann", CheckpointFailed("no room"))
        bars.tell("ben", Noted("begins anew"))
        bars.done(Failed("ben", "no\x1b[2J face"))
    assert stream.getvalue().splitlines() == [
        "ann: begins on machine-1, process 12",
        "ann: goes on from step 7",
        "ben: reading [pictures]   0%",
        "ann: optimising   0% step 0  10/s",
        "ann: optimising  40% step 4  10/s",
        "ann: optimising  80% step 8  10/s",
        "ann: no checkpoint: no room",
        "ben: begins anew",
        "ben: failed: no\\x1b[2J face",
    ]


def test_bars_of_what_runs_on_a_terminal() -> None:
    stream = io.StringIO()
    bars = Bars(Console(file=stream, width=200, force_terminal=True), 2)
    with bars.running():
        bars.tell("ann", training(5, 0.5))
        bars.tell("ben", Preparing("reading", 0.25))
        bars.done(Stopped("ann", 5))
    last = stream.getvalue()
    assert "ann: optimising" in last and "ben: reading" in last and "1 of 2" in last
    assert "ann: stopped; its checkpoint has 5 steps" in last


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            Finished("a", "/x", 10, 2_000_000, 30, "28.0 dB held out", 61.2),
            "/x: 10 Gaussians, 2.0 MB, 30 steps, 28.0 dB held out, 61 s",
        ),
        (Finished("a", "/x", before=True), "/x is there already, of this capture and these options"),
        (Finished("a", "/x", unfinished="too soon"), "/x: too soon; submit it again with a larger --budget to go on"),
        (Stopped("a"), "stopped before its first checkpoint"),
    ],
)
def test_what_came_of_a_job(outcome: Outcome, said: str) -> None:
    assert sentence_of(outcome) == said


def test_of_progress_the_newest_is_told_and_of_sentences_all() -> None:
    board = Board()
    for step in range(3):
        board.tell("ann", Preparing("reading", step / 10))
        board.tell("ben", Noted(str(step)))
    assert board.take() == [*(("ben", Noted(str(step))) for step in range(3)), ("ann", Preparing("reading", 0.2))]
    assert board.take() == []
    board.tell("ann", training(4, 0.1))
    board.tell("ann", Noted("done"))  # a bar that came after it would be of the past
    assert board.take() == [("ann", Noted("done"))]

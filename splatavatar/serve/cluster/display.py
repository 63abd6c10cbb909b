"""What a terminal shows of many bakes: a bar for each that runs, one for all; lines where there is no terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from splatavatar.printable import printable
from splatavatar.serve.cluster.jobs import Begun, Failed, Finished, Noted, Outcome, Stopped

if TYPE_CHECKING:
    from splatavatar.serve.cluster.worker import Told

TENTHS = 4
"""of a bake between two lines, where there is no terminal: many bakes speak at once"""


class Bars:
    """Shows what ``submit`` tells: its ``tell`` and ``done``. Every line begins with the name of its avatar."""

    def __init__(self, console: Console, jobs: int) -> None:
        """``jobs`` is how many there are."""
        self._console, self._live = console, console.is_terminal
        # Without markup: brackets in the name of a file are a part of it.
        name, state = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[state]}"))
        columns = (name, BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"), state, TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, disable=not self._live)
        self._all = self._bars.add_task("all", total=float(jobs), state=f"0 of {jobs}")
        self._jobs, self._done = jobs, 0
        self._tasks: dict[str, TaskID] = {}
        self._stages: dict[str, tuple[str, int]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Shows the bars."""
        with self._bars:
            yield

    def tell(self, name: str, told: Told) -> None:
        """Show what the job called ``name`` has told."""
        from splatavatar.bake.events import Preparing, Resumed, Training
        from splatavatar.bake.reporting.monitor import sentences

        if isinstance(told, Begun):
            self._say(name, f"begins on {told.machine}, process {told.process}")
        elif isinstance(told, Noted):
            self._say(name, told.sentence)
        elif isinstance(told, Resumed):
            self._say(name, f"goes on from step {told.iteration}")
        elif isinstance(told, Preparing):
            self._progress(name, told.stage, told.fraction, "")
        elif isinstance(told, Training):
            psnr = "" if math.isnan(told.psnr) else f"  {told.psnr:.1f} dB"
            self._progress(name, "optimising", told.progress, f"step {told.iteration}  {told.per_second:.0f}/s{psnr}")
        else:
            for line in sentences(told):
                self._say(name, line)

    def done(self, outcome: Outcome) -> None:
        """Show what came of a job."""
        if outcome.name in self._tasks:
            self._bars.remove_task(self._tasks.pop(outcome.name))
        self._done += 1
        self._bars.update(self._all, completed=self._done, state=f"{self._done} of {self._jobs}")
        self._say(outcome.name, sentence_of(outcome))

    def _say(self, name: str, sentence: str) -> None:
        self._console.print(printable(f"{name}: {sentence}"), markup=False, highlight=False, soft_wrap=True)

    def _progress(self, name: str, stage: str, fraction: float, state: str) -> None:
        fraction = min(fraction, 1.0)
        if self._live:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task("", total=1.0, state="")
            self._bars.update(
                self._tasks[name], description=printable(f"{name}: {stage}"), completed=fraction, state=state
            )
            return
        before = self._stages.get(name)
        part = int(fraction * 10 / TENTHS)
        if before != (stage, part):
            self._stages[name] = stage, part
            self._say(name, f"{stage} {fraction:4.0%} {state}".rstrip())


def sentence_of(outcome: Outcome) -> str:
    """What came of a job, without its name."""
    match outcome:
        case Finished(before=True):
            return f"{outcome.address} is there already, of this capture and these options"
        case Finished(unfinished=why) if why:
            return f"{outcome.address}: {why}; submit it again with a larger --budget to go on"
        case Finished():
            return (
                f"{outcome.address}: {outcome.gaussians} Gaussians, {outcome.bytes / 1e6:.1f} MB, {outcome.steps} "
                f"steps, {outcome.score}, {outcome.seconds:.0f} s"
            )
        case Stopped(iteration=None):
            return "stopped before its first checkpoint"
        case Stopped(iteration=steps):
            return f"stopped; its checkpoint has {steps} steps"
        case Failed(why=why):
            return f"failed: {why}"

"""What a running bake shows on the terminal: a listener to its events."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from splatavatar.bake.events import (
    AvatarWritten,
    Baked,
    CamerasChecked,
    CaptureRecognised,
    CheckpointFailed,
    DeviceChosen,
    Event,
    FootageForgotten,
    FootageKept,
    Interrupted,
    ParametersLeftOut,
    Preparing,
    ReportWritten,
    RigPrepared,
    SpokenChecked,
    Training,
)
from splatavatar.printable import printable

QUIET_SECONDS = 10.0
"""that a preparation step may take without a word after its name, where there is no terminal"""


RESUME = "go on with the same command and --resume"


class Display:
    """A bar that is redrawn on a terminal; elsewhere lines, a few for each stage. Call it with the events of a bake.

    Preparation says there what it begins, and its tenths only once it has taken ``QUIET_SECONDS``; the optimiser always
    says its tenths.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        """``clock`` gives seconds."""
        self._console, self._clock = console, clock
        self._live = console.is_terminal
        # Without markup: brackets in the name of a file are a part of it.
        name, state = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[state]}"))
        columns = (name, BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"), state, TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, disable=not self._live)
        self._task: TaskID | None = None
        self._stage = ""
        self._began = 0.0
        self._tenth = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Shows the bar."""
        with self._bar:
            yield

    def __call__(self, event: Event) -> None:
        """Show ``event``, if it is one to show."""
        if isinstance(event, Preparing):
            self.stage(event.stage, event.fraction)
        elif isinstance(event, Training):
            self.training(event)
        elif isinstance(event, AvatarWritten):
            self._bar.stop()
        for line in sentences(event):
            self.say(line)

    def stage(self, name: str, fraction: float) -> None:
        """Progress in [0, 1] of a preparation step."""
        if self._live:
            self._redraw(name, fraction, "")
        elif name != self._stage:
            self._stage, self._began, self._tenth = name, self._clock(), 0
            self.say(name)
        elif fraction < 1 and self._clock() - self._began > QUIET_SECONDS:
            self._print_tenth(name, fraction, "")

    def training(self, r: Training) -> None:
        """Progress of the optimiser."""
        psnr = "" if math.isnan(r.psnr) else f"  {r.psnr:.1f} dB"
        state = f"step {r.iteration}  {r.per_second:.0f}/s  {r.gaussians // 1000}k Gaussians  loss {r.loss:.4f}{psnr}"
        name = "optimising"
        if self._live:
            self._redraw(name, r.progress, state)
            return
        if name != self._stage:
            self._stage, self._tenth = name, -1
        self._print_tenth(name, r.progress, state)

    def say(self, text: str) -> None:
        """Lines that stay."""
        lines = "\n".join(map(printable, text.split("\n")))
        self._console.print(lines, markup=False, highlight=False, soft_wrap=True)

    def _redraw(self, name: str, fraction: float, state: str) -> None:
        name = printable(name)
        if self._task is None:
            self._task = self._bar.add_task(name, total=1.0, state="")
        self._bar.update(self._task, description=name, completed=min(fraction, 1.0), state=state)

    def _print_tenth(self, name: str, fraction: float, state: str) -> None:
        tenth = int(min(fraction, 1.0) * 10)
        if tenth != self._tenth:
            self._tenth = tenth
            self.say(f"{name} {fraction:4.0%} {state}".rstrip())


def sentences(event: Event) -> list[str]:
    """The lines that stay of ``event``, as the command says them; none for mere progress."""
    match event:
        case DeviceChosen(remark=remark) if remark:
            return [remark]
        case CaptureRecognised(remark) | CamerasChecked(remark):
            return [remark]
        case ParametersLeftOut(tracker, rig, baked):
            return [
                f"the capture brings parameters of {rig} by {tracker}, this bake is on {baked}: the head is tracked "
                f"anew (--rig {rig} uses them)"
            ]
        case RigPrepared(seconds):
            return [f"the body model is prepared ({seconds:.0f} s, once); the budget counts without it"]
        case CheckpointFailed(reason):
            return [f"no checkpoint: {reason}"]
        case SpokenChecked(sentence):
            return [sentence]
        case FootageForgotten(places, taken, kept):
            count = "1 file or folder is" if places == 1 else f"{places} files and folders are"
            return [f"the footage is forgotten: {count} removed, {taken / 1e6:.1f} MB", *kept]
        case FootageKept():
            return [
                "the footage is kept, so that the bake can go on: with --resume --forget-footage it goes in the end, "
                "with splatavatar cache clear --footage now"
            ]
        case Interrupted(None):
            return [f"interrupted; {RESUME}"]
        case Interrupted(iteration):
            return [f"interrupted at step {iteration}; {RESUME}"]
        case AvatarWritten():
            size = event.path.stat().st_size / 1e6
            return [
                f"{event.path}: {len(event.avatar.gaussians)} Gaussians, {size:.1f} MB, {event.steps} steps, "
                f"{event.score}, {event.seconds:.0f} s"
            ]
        case ReportWritten(path):
            return [f"{path}: the report"]
        case Baked(path=path, unfinished=why, resumable=resumable) if why is not None:
            onwards = "go on with --resume" if resumable else "bake again with"
            return [f"{path}: {why}; {onwards} --budget {why.enough:g}s"]
        case _:
            return []

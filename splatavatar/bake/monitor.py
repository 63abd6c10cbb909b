"""What a running bake shows and remembers: a live line on the terminal, and the curve for the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from splatavatar.bake.engine import Target
from splatavatar.bake.metrics import GREY
from splatavatar.bake.trainer import Trainer
from splatavatar.printable import printable

QUIET_SECONDS = 10.0
"""that a preparation step may take without a word after its name, where there is no terminal"""


@dataclass(frozen=True)
class Readout:
    """One line of progress."""

    iteration: int
    progress: float
    per_second: float
    loss: float
    psnr: float
    """of held-out pictures where the capture has them, else of training pictures; NaN before the first measurement"""
    gaussians: int


class Display:
    """A bar that is redrawn on a terminal; elsewhere lines, a few for each stage.

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

    def stage(self, name: str, fraction: float) -> None:
        """Progress in [0, 1] of a preparation step."""
        if self._live:
            self._redraw(name, fraction, "")
        elif name != self._stage:
            self._stage, self._began, self._tenth = name, self._clock(), 0
            self.say(name)
        elif fraction < 1 and self._clock() - self._began > QUIET_SECONDS:
            self._print_tenth(name, fraction, "")

    def training(self, r: Readout) -> None:
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


def psnr(planes: NDArray[np.float32], rgba: NDArray[np.uint8]) -> float:
    """Decibels between a render (4, H, W: colour over black, transmittance) and a picture, both over grey."""
    matte = rgba[..., 3:] / np.float32(255)
    truth = rgba[..., :3] / np.float32(255) * matte + (1 - matte) * np.float32(GREY)
    shown = np.clip(np.moveaxis(planes[:3] + planes[3] * np.float32(GREY), 0, -1), 0, 1)
    return float(-10 * np.log10(max(float(np.square(shown - truth).mean()), 1e-12)))


def mean_psnr(trainer: Trainer, targets: list[Target]) -> float:
    """Mean PSNR of the avatar as it stands over ``targets``."""
    scores = []
    for target in targets:
        vertices = trainer.motion.vertices(target.timestep)
        planes = trainer.engine.render(trainer.state.splats, trainer.psi[target.timestep], vertices, target)
        scores.append(psnr(planes.numpy(force=True), target.rgba))
    return float(np.mean(scores)) if scores else float("nan")

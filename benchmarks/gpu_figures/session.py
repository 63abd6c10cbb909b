"""What every part of ``gpu.py`` is given: where it computes, for how long, and where its figures go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.output import atomic_write

WIDTH = 150
"""characters of a line, whatever the terminal: the output is made for logs"""


@dataclass
class Session:
    """One part in its own process."""

    part: str
    avatar: Path
    capture: Path
    goals: tuple[float, float]
    """PSNR val and test of the CPU's bake of five minutes"""
    scenes: tuple[str, ...]
    """of drive and stages"""
    rehearse: bool
    """kernels interpreted on the CPU, everything tiny: the numbers mean nothing"""
    deadline: float
    """``time.monotonic()`` after which nothing new begins"""
    out: Path
    """JSON of all parts; this part's figures are written whenever there are more"""
    console: Console = field(default_factory=lambda: Console(width=WIDTH, color_system=None, highlight=False))
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where tensors are."""
        return torch.device("cpu" if self.rehearse else "cuda")

    @property
    def left(self) -> float:
        """Seconds."""
        return self.deadline - monotonic()

    def keep(self, **figures: Any) -> None:
        """Adds to the figures of this part and writes them."""
        self.figures |= figures
        written = read_figures(self.out)
        written[self.part] = {**written.get(self.part, {}), **self.figures}
        write_figures(self.out, written)

    def of_part(self, part: str) -> dict[str, Any]:
        """What another part has written, empty where it has not run."""
        found: dict[str, Any] = read_figures(self.out).get(part, {})
        return found

    def say(self, text: str) -> None:
        """A line of the log."""
        self.console.print(text, markup=False)

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Prints ``rows``; numbers to the right, the first column to the left."""
        shown = Table(box=box.SIMPLE_HEAD)
        for number, column in enumerate(columns):
            shown.add_column(column, justify="right" if number else "left")
        for row in rows:
            shown.add_row(*row)
        self.say(title)
        self.console.print(shown)


def read_figures(path: Path) -> dict[str, Any]:
    """All that is written, by part."""
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Replaces the file at ``path``, whole or not at all."""
    with atomic_write(path) as file:
        file.write((json.dumps(figures, indent=1) + "\n").encode())

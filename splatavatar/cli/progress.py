"""A progress bar on the terminal; nothing where the output is not one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from splatavatar.printable import printable
from splatavatar.progress import FrameProgress


@contextmanager
def progress_bar(description: str) -> Iterator[FrameProgress]:
    """Yields ``progress(done, total)``."""
    with progress_bars(description) as (progress,):
        yield progress


@contextmanager
def progress_bars(*descriptions: str) -> Iterator[list[FrameProgress]]:
    """Yields ``progress(done, total)`` of works that are done one after the other; the bar of the present one shows."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    # Without markup: brackets in the name of a file are a part of it.
    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        first = bar.add_task(printable(descriptions[0]), total=None)
        others = [bar.add_task(printable(each), total=None, visible=False) for each in descriptions[1:]]

        def advance(task: TaskID, done: int, total: int) -> None:
            if not bar.tasks[task].visible:
                bar.reset(task, visible=True)
                for before in range(first, task):
                    bar.update(TaskID(before), visible=False)
            bar.update(task, completed=done, total=total)

        yield [partial(advance, task) for task in (first, *others)]


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Yields ``progress(name, fraction)`` for work of several stages: one bar a stage, with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:

        def progress(name: str, fraction: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(printable(name), total=1.0)
            bar.update(tasks[name], completed=min(fraction, 1.0))

        yield progress

"""How soon ``splatavatar drive`` shows its first frame, and the memory it takes.

``python benchmarks/startup.py AVATAR SIGNAL``. The whole process is measured, from its start to its end, on the first
frame of the signal written as PNG: so the figure is an upper bound of the time to the first frame. Peak memory is that
of driving the whole signal into an mp4.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal


def run(*arguments: object) -> tuple[float, float]:
    """Wall seconds and peak resident MiB of one ``splatavatar`` command."""
    command = [sys.executable, "-m", "splatavatar", *map(str, arguments)]
    started = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    complaint = process.stderr.read()
    # wait4 gives the usage of this child alone; RUSAGE_CHILDREN would give the largest of all so far.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(complaint)
    return seconds, usage.ru_maxrss / 1024


def first_frame(recording: Recording) -> Recording:
    """The first frame alone."""
    arrays = {field.name: getattr(recording, field.name)[:1] for field in fields(recording) if field.name != "fps"}
    return replace(recording, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path)
    parser.add_argument("signal", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="runs to take the median of")
    parser.add_argument("--size", default="512x512")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "first.npz"
        write_signal(one, first_frame(read_signal(options.signal)))
        drive = ("drive", options.avatar, "--size", options.size)
        still = [run(*drive, "--signal", one, "-o", Path(folder) / "%05d.png") for _ in range(options.runs)]
        film = run(*drive, "--signal", options.signal, "-o", Path(folder) / "film.mp4")
    figures = {
        "first frame as PNG, whole process, seconds": median(seconds for seconds, _ in still),
        "first frame as PNG, peak memory, MiB": max(memory for _, memory in still),
        "whole signal as mp4, wall, seconds": film[0],
        "whole signal as mp4, peak memory, MiB": film[1],
    }
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    table = Table("splatavatar drive", title=f"{options.avatar}, {options.size}")
    table.add_column(justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:.2f}" if "seconds" in name else f"{value:.0f}")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()

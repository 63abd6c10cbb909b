"""What a frame costs by number of Gaussians and size of the picture: ``python benchmarks/drive_table.py AVATAR``.

Avatars of other sizes are derived from the given one, see ``avatar_sizes``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from avatar_sizes import resized
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.renderers.cpu_renderer import STAGES
from splatavatar.drive.measuring.benchmark import BenchmarkResult, benchmark
from splatavatar.render import _native

COUNTS = (15_000, 30_000, 60_000, 120_000)
SIZES = (256, 512, 1024)


def table(results: list[BenchmarkResult]) -> Table:
    """One row a result."""
    columns = Table("Gaussians", "pixels", box=box.SIMPLE)
    for name in (*STAGES, "total", "FPS"):
        columns.add_column(name, justify="right")
    previous = results[0].gaussians
    for result in results:
        if result.gaussians != previous:
            columns.add_section()
        previous = result.gaussians
        times = (f"{result.stages[name]:.2f}" for name in (*STAGES, "total"))
        columns.add_row(f"{result.gaussians:,}", f"{result.width}x{result.height}", *times, f"{result.fps:.0f}")
    return columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path)
    parser.add_argument("--frames", type=int, default=100, help="frames to time for each row")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    avatar = load_avatar(options.avatar)
    results = [
        benchmark(derived, size, size, options.frames)
        for derived in (resized(avatar, count) for count in COUNTS)
        for size in SIZES
    ]
    machine = {"instruction_set": _native.instruction_set(), "threads": _native.thread_count()}
    if options.json:
        print(json.dumps({**machine, "rows": [asdict(result) for result in results]}, indent=2))
        return
    console = Console(highlight=False)
    console.print(f"{options.avatar}, {machine['threads']} threads, {machine['instruction_set']}", markup=False)
    console.print(table(results))
    console.print("Median milliseconds a frame; blend is the bare kernel on the same Gaussians.")


if __name__ == "__main__":
    main()

"""What a frame costs by number of Gaussians and size of the picture: ``python benchmarks/drive_table.py AVATAR``.

Avatars of other sizes are derived from the given one. Fewer: a random subset. More: copies, each displaced at random
within the Gaussian it copies. Scales change by the square root of the ratio: the covered area, and with it the number
of layers that a pixel blends, stays about that of the baked avatar.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.drive_path import STAGES
from splatavatar.avatar.file import load_avatar
from splatavatar.drive.benchmark import BenchmarkResult, benchmark
from splatavatar.render import _native

COUNTS = (15_000, 30_000, 60_000, 120_000)
SIZES = (256, 512, 1024)
SPREAD = 0.7
"""of a copy about its original, in standard deviations of the original"""


def resized(avatar: Avatar, count: int, seed: int = 0) -> Avatar:
    """``avatar`` with ``count`` Gaussians that cover about the same area."""
    n = len(avatar.gaussians)
    random = np.random.default_rng(seed)
    copies, rest = divmod(count, n)
    chosen = np.concatenate([np.repeat(np.arange(n), copies), random.choice(n, rest, replace=False)])
    chosen.sort()  # neighbours in the file are neighbours on the head
    g, c = avatar.gaussians, avatar.correctives
    again = np.concatenate([[False], chosen[1:] == chosen[:-1]])
    offset = random.normal(0, SPREAD, (count, 3)) * g.scale[chosen] * again[:, None]
    copied = replace(g, **{name: np.ascontiguousarray(values[chosen]) for name, values in vars(g).items()})
    gaussians = replace(
        copied,
        position=(copied.position + turned(copied.rotation, offset)).astype(np.float32),
        scale=(copied.scale * np.sqrt(n / count)).astype(np.float32),
    )
    correctives = replace(
        c,
        position=np.ascontiguousarray(c.position[:, chosen]),
        colour=np.ascontiguousarray(c.colour[:, chosen]),
    )
    return replace(avatar, gaussians=gaussians, correctives=correctives)


def turned(quaternions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """``vectors`` (N, 3) turned by unit ``quaternions`` (N, 4) wxyz."""
    w, axis = quaternions[:, :1], quaternions[:, 1:]
    once = np.cross(axis, vectors)
    return vectors + 2 * (w * once + np.cross(axis, once))


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

"""``splatavatar bench``."""

from __future__ import annotations

from typing import Annotated

import typer

from splatavatar.cli.options import AvatarArgument, SizeOption
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.sizes import parse_size


def bench(
    avatar: AvatarArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    size: SizeOption = "512x512",
    frames: Annotated[int, typer.Option("--frames", metavar="N", min=1, help="Frames to time.")] = 300,
) -> None:
    """Time the drive path: median milliseconds of each stage, and frames a second."""
    width, height = parse_size(size)

    from splatavatar.drive.benchmark import benchmark

    person, path = open_avatar(avatar)
    result = benchmark(person, width, height, frames)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(result), indent=2))
        return

    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"{path.name}: {result.gaussians:,} Gaussians at {width}x{height}, {result.fps:.0f} FPS", markup=False
    )
    table = Table("stage")
    table.add_column("median ms", justify="right")
    for stage, milliseconds in result.stages.items():
        if stage == "total":
            table.add_section()
        table.add_row(stage, f"{milliseconds:.2f}")
    console.print(table)

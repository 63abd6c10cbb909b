"""``splatavatar bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.numbers import MOST_PICTURES
from splatavatar.cli.options import AvatarArgument, DeviceOption, DrawingDevice, SizeOption
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_size
from splatavatar.errors import SettingsError
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.avatar.renderers.renderer import Renderer


def bench(
    avatar: AvatarArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    size: SizeOption = "512x512",
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", min=1, max=MOST_PICTURES, help="Frames to time.")
    ] = 300,
    latency: Annotated[
        bool, typer.Option("--latency", help="Drive live instead, and measure from the camera's frame to the screen.")
    ] = False,
    video: Annotated[
        Path | None,
        typer.Option("--video", metavar="FILE", help="With --latency: played as a camera.", show_default=False),
    ] = None,
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="With --latency: heard as a microphone.", show_default=False),
    ] = None,
    device: DeviceOption = DrawingDevice.cpu,
) -> None:
    """Time the drive path: median milliseconds of each stage, and frames a second."""
    width, height = parse_size(size)
    if not latency and (video is not None or audio is not None):
        raise SettingsError("--video and --audio drive only with --latency")

    from splatavatar.avatar.renderers.open_renderer import open_renderer
    from splatavatar.avatar.renderers.renderer import check_device

    check_device(device.value)
    person, file = open_avatar(avatar)
    renderer = open_renderer(person, device.value)
    if latency:
        _latency(renderer, file.name, as_json, width, height, video, audio)
        return

    from splatavatar.drive.measuring.benchmark import benchmark

    result = benchmark(person, width, height, frames, renderer)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(result), indent=2))
        return

    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"{printable(file.name)}: {result.gaussians:,} Gaussians at {width}x{height}, "
        f"{result.fps:.0f} FPS ({result.device})",
        markup=False,
    )
    table = Table("stage")
    table.add_column("median ms", justify="right")
    for stage, milliseconds in result.stages.items():
        if stage == "total":
            table.add_section()
        table.add_row(stage, f"{milliseconds:.2f}")
    console.print(table)


def _latency(
    renderer: Renderer, name: str, as_json: bool, width: int, height: int, video: Path | None, audio: Path | None
) -> None:
    from dataclasses import asdict

    from splatavatar.drive.measuring.latency import measure_latency

    result = measure_latency(renderer.avatar, width, height, video, audio, renderer=renderer)
    if as_json:
        import json

        typer.echo(json.dumps(asdict(result), indent=2))
        return
    tell(
        f"{name} at {width}x{height} from {result.source}, {result.source_fps:.1f} signals a second: "
        f"{result.render_fps:.1f} FPS ({result.device})"
    )
    tell(
        f"camera frame to screen: {result.latency_p50:.1f} ms, p95 {result.latency_p95:.1f} ms; "
        f"age of all pictures: {result.age_p50:.1f} ms, p95 {result.age_p95:.1f} ms"
    )

"""``splatavatar eval``."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.footage import AllowOutsideOption, FaceOption, LayoutOption, ModelOption, extract_options
from splatavatar.cli.numbers import MOST_CLIPS
from splatavatar.cli.options import DeviceOption, DrawingDevice
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell
from splatavatar.errors import OutputError
from splatavatar.output import outputs_ready

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar


class Source(str, Enum):
    """Where the rig parameters of a video come from: one of ``footage.BY``."""

    live = "live"
    landmarks = "landmarks"
    followed = "followed"


class Split(str, Enum):
    """The pictures of a capture that are scored."""

    val = "val"
    test = "test"
    train = "train"


def eval_(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[AVATAR] [CAPTURE]",
            help="The avatar (the most recently baked one if left out) and the capture to compare it with.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[Split, typer.Option("--split", help="val: novel view; test: novel expression.")] = Split.val,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.", show_default="eval/AVATAR/SPLIT"),
    ] = None,
    views: Annotated[
        bool,
        typer.Option("--views", help="Without a capture: is its skin the person's from every side?"),
    ] = False,
    by: Annotated[
        Source | None,
        typer.Option(
            "--as",
            help="Of a video: as a drive shows it, as its landmarks are tracked, or followed by the avatar's picture.",
            show_default="followed",
        ),
    ] = None,
    clip: Annotated[
        int | None,
        typer.Option(
            "--clip",
            metavar="N",
            min=0,
            max=MOST_CLIPS,
            help="Which clip of the bake a video is, from 1; 0: none. For avatars that hold no SHA-256 of their clips.",
        ),
    ] = None,
    face: FaceOption = None,
    model: ModelOption = None,
    device: DeviceOption = DrawingDevice.cpu,
    allow_outside: AllowOutsideOption = False,
    layout: LayoutOption = None,
) -> None:
    """Score an avatar against the pictures of a capture: PSNR, SSIM, FLIP, renders and a contact sheet."""
    given = paths or []
    if views and len(given) > 1:
        raise typer.BadParameter(f"--views takes an avatar alone, got {len(given)} paths.")
    if not views and not 1 <= len(given) <= 2:
        raise typer.BadParameter(f"expected [AVATAR] CAPTURE, got {len(given)} paths.")
    if views and clip is not None:
        raise typer.BadParameter("--clip is for a video; --views takes an avatar alone.")
    if views and by is not None:
        raise typer.BadParameter("--as is for a capture; --views takes an avatar alone.")
    footage = extract_options(None, face, model, None)

    from splatavatar.avatar.renderers.renderer import check_device

    check_device(device.value)
    avatar, path = open_avatar(given[0] if len(given) == (1 if views else 2) else None)
    folder = Path("eval") / path.stem / ("views" if views else split.value) if out is None else out
    if views:
        _views(avatar, folder, device.value)
        return

    _check_place(folder, Path(given[-1]))

    from splatavatar.bake.scoring.evaluate import evaluate

    with outputs_ready(folder / "metrics.json"), stages() as progress:
        how = (by or Source.followed).value
        found = evaluate(
            avatar,
            Path(given[-1]),
            split.value,
            folder,
            progress,
            footage,
            device.value,
            allow_outside,
            how,
            layout,
            clip,
        )
    solved = "; exposure solved for in every picture" if "exposure" in found else ""
    tell(f"{folder / 'metrics.json'}: scores of the {split.value} split, renders beside it{solved}")


def _check_place(folder: Path, capture: Path) -> None:
    """Raises OutputError where the results would be written among what a capture holds, over its mattes."""
    from splatavatar.capture.preparation.folder import EXTRACT
    from splatavatar.capture.readers.table import reader_of

    scored = os.path.isdir(folder) and os.path.realpath(folder) == os.path.realpath(capture)
    if scored or os.path.isfile(folder / EXTRACT) or reader_of(folder) is not None:
        raise OutputError(f"{folder}: a capture is there, and stays as it is; name another folder for the results.")


def _views(avatar: Avatar, folder: Path, device: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from splatavatar.avatar.renderers.open_renderer import open_renderer
    from splatavatar.bake.scoring.evaluate_views import FIGURES, evaluate_views

    with outputs_ready(folder / FIGURES):
        tested = evaluate_views(open_renderer(avatar, device), folder)
    table = Table("yaw", *(f"{name}, not skin" for name in ("all", "face", "ears", "neck")), "alpha of the head")
    for view in tested.views:
        shares = (view.not_skin, view.face, view.ears, view.neck)
        cells = ("-" if share is None else f"{share:.2%}" for share in shares)
        table.add_row(f"{view.yaw:+d}", *cells, "-" if view.alpha is None else f"{view.alpha:.3f}")
    Console(highlight=False).print(table)
    tell(f"{folder / FIGURES}: beside the front, {tested.not_skin:.2%} of the skin has none of its colours")

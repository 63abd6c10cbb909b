"""``splatavatar eval``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.footage import AllowOutsideOption, FaceOption, ModelOption, extract_options
from splatavatar.cli.options import DeviceOption, DrawingDevice
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell
from splatavatar.output import outputs_ready


class Split(str, Enum):
    """The pictures of a capture that are scored."""

    val = "val"
    test = "test"
    train = "train"


def eval_(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[AVATAR] CAPTURE",
            help="The avatar (the most recently baked one if left out) and the capture to compare it with.",
            show_default=False,
        ),
    ],
    split: Annotated[Split, typer.Option("--split", help="val: novel view; test: novel expression.")] = Split.val,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.", show_default="eval/AVATAR/SPLIT"),
    ] = None,
    face: FaceOption = None,
    model: ModelOption = None,
    device: DeviceOption = DrawingDevice.cpu,
    allow_outside: AllowOutsideOption = False,
) -> None:
    """Score an avatar against the pictures of a capture: PSNR, SSIM, FLIP, renders and a contact sheet."""
    if len(paths) > 2:
        raise typer.BadParameter(f"expected [AVATAR] CAPTURE, got {len(paths)} paths.")
    footage = extract_options(None, face, model, None)

    from splatavatar.avatar.renderers.renderer import check_device

    check_device(device.value)
    avatar, path = open_avatar(paths[0] if len(paths) == 2 else None)
    folder = Path("eval") / path.stem / split.value if out is None else out

    from splatavatar.bake.scoring.evaluate import evaluate

    with outputs_ready(folder / "metrics.json"), stages() as progress:
        evaluate(avatar, Path(paths[-1]), split.value, folder, progress, footage, device.value, allow_outside)
    tell(f"{folder / 'metrics.json'}: scores of the {split.value} split, renders beside it")

"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class DrawingDevice(str, Enum):
    """A device that draws: one of ``renderer.DEVICES``."""

    cpu = "cpu"
    cuda = "cuda"


RigOption = Annotated[
    str,
    typer.Option(
        "--rig",
        metavar="RIG",
        help="Body model: auto, anny-head, anny-bust, anny-body; of your own file flame, flame-head or smplx.",
    ),
]
BodyModelOption = Annotated[
    Path | None,
    typer.Option(
        "--body-model",
        metavar="FILE",
        help="Your file of FLAME or SMPL-X, or its folder.",
        show_default="what SPLATAVATAR_BODY_MODELS names",
    ),
]
AvatarArgument = Annotated[
    str | None, typer.Argument(metavar="AVATAR", help="A .splatavatar file.", show_default="the most recently baked")
]
SignalOption = Annotated[
    Path | None, typer.Option("--signal", metavar="FILE", help="Face signal: ARKit .json, Live Link Face .csv or .npz.")
]
MoodOption = Annotated[
    str | None,
    typer.Option(
        "--mood",
        metavar="NAME[:X]",
        help="neutral, happy, sad, angry, surprised, calm or serious; X from 0 to 1 says how much, as in happy:0.6.",
        show_default=False,
    ),
]
FrameOption = Annotated[
    int | None, typer.Option("--frame", metavar="N", help="Frame of the signal, counted from 0.", show_default="0")
]
LabelOption = Annotated[
    str | None,
    typer.Option(
        "--label", metavar="[=TEXT]", help="Say in a corner of the picture what it is: Avatar.", show_default=False
    ),
]
SizeOption = Annotated[str, typer.Option("--size", metavar="WxH", help="Width and height in pixels.")]
LimitOption = Annotated[
    str,
    typer.Option(
        "--expression-limit",
        metavar="X",
        help="How far expressions may go beyond what the avatar has learnt: standard deviations, or off.",
    ),
]
BackgroundOption = Annotated[
    str | None,
    typer.Option(
        "--background",
        metavar="COLOUR",
        help="R,G,B from 0 to 255, #RRGGBB or transparent.",
        show_default="white in a video, transparent in a picture",
    ),
]
DeviceOption = Annotated[DrawingDevice, typer.Option("--device", help="Where pictures are drawn.")]

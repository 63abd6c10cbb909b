"""Options of the commands that take video or captures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.numbers import MOST_FACES, MOST_PICTURES
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.capture.video.extract import ExtractOptions

FramesOption = Annotated[
    int | None,
    typer.Option(
        "--frames", metavar="N", max=MOST_PICTURES, help="Pictures to choose from the video.", show_default="180"
    ),
]
FaceOption = Annotated[
    int | None,
    typer.Option(
        "--face", metavar="N", max=MOST_FACES, help="Which face, counted from the left, where there are several."
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE", help="MediaPipe's face_landmarker.task.", show_default="where models pull puts it"
    ),
]
MattingOption = Annotated[str, typer.Option("--matting", metavar="METHOD", help="grabcut or rembg.")]
AllowOutsideOption = Annotated[
    bool, typer.Option("--allow-outside", help="Read pictures that a capture you trust names outside its folder.")
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Read the folder as this: vhap, insta, metrical, imavatar, nersemble, exavatar, nerfstudio, splits or "
        "colmap.",
        show_default="recognised",
    ),
]
FpsOption = Annotated[
    float | None, typer.Option("--fps", metavar="N", help="Of a folder of pictures.", show_default="25")
]


def extract_options(frames: int | None, face: int | None, model: Path | None, fps: float | None) -> ExtractOptions:
    """Raises SettingsError for numbers that make no sense."""
    from splatavatar.capture.video.extract import FRAMES, ExtractOptions

    if frames is not None and frames < 8:
        raise SettingsError(f"--frames must be at least 8, got {frames}")
    if face is not None and face < 1:
        raise SettingsError(f"--face counts from 1, got {face}")
    if fps is not None and not 0 < fps <= 1000:
        raise SettingsError(f"--fps must be above 0 and not above 1000, got {fps:g}")
    return ExtractOptions(frames=FRAMES if frames is None else frames, face=face, model=model, fps=fps)

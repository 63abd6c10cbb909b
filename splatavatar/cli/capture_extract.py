"""``splatavatar capture extract``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.footage import FaceOption, FpsOption, FramesOption, ModelOption, extract_options
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell


def extract(
    clips: Annotated[
        list[Path],
        typer.Argument(
            metavar="CLIP...", help="Videos of one person, or a folder of pictures or videos.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Folder of the capture.")],
    frames: FramesOption = None,
    face: FaceOption = None,
    model: ModelOption = None,
    fps: FpsOption = None,
) -> None:
    """Take pictures and landmarks out of video."""
    from splatavatar.capture.inspection.lost import lost_sentences
    from splatavatar.capture.preparation.prepare import PrepareOptions, extracted

    options = PrepareOptions(extract_options(frames, face, model, fps))
    with stages() as progress:
        extraction = extracted(clips, options, out, progress)
    for sentence in lost_sentences(out, extraction):
        tell(f"- {sentence}")
    count = len(extraction.chosen)
    tell(f"{out}: {count} picture{'s' * (count != 1)}; next: splatavatar capture track {out}")

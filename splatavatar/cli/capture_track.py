"""``splatavatar capture track``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.footage import MattingOption
from splatavatar.cli.options import BodyModelOption, RigOption
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell
from splatavatar.rig.body_models.found import name_body_model


def track(
    folder: Annotated[Path, typer.Argument(metavar="CAPTURE", help="Folder that was extracted.", show_default=False)],
    rig: RigOption = "auto",
    body_model: BodyModelOption = None,
    matting: MattingOption = "grabcut",
) -> None:
    """Find head, expressions and mattes in the pictures that were extracted."""
    from splatavatar.capture.preparation.folder import read_facts
    from splatavatar.capture.preparation.prepare import tracked

    name_body_model(body_model)
    with stages() as progress:
        tracked(folder, rig, matting, progress)
    found = read_facts(folder)
    error = found.reprojection_median
    tell(f"{folder}: landmarks met within {error:.2%} of the eye span; next: splatavatar bake {folder}")
    for sentence in found.lacks:
        tell(f"- {sentence}")

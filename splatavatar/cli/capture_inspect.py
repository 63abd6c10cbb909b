"""``splatavatar capture inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.footage import AllowOutsideOption, LayoutOption, ModelOption
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import check_page_name
from splatavatar.output import outputs_ready


def inspect(
    folder: Annotated[Path, typer.Argument(metavar="CAPTURE", help="Folder of a capture.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="HTML", help="The page.", show_default="CAPTURE/inspect.html")
    ] = None,
    model: ModelOption = None,
    allow_outside: AllowOutsideOption = False,
    layout: LayoutOption = None,
) -> None:
    """Write a page that shows what was found in a capture, and tell what it lacks or what is wrong with its cameras."""
    if out is not None:
        check_page_name(out)

    from splatavatar.capture.inspection.page import write_inspection

    path = folder / "inspect.html" if out is None else out
    # Without -o the page goes into the capture, which is there or is missed.
    with outputs_ready(*([path] if out is not None or folder.is_dir() else [])), stages() as progress:
        found = write_inspection(folder, path, progress, model, allow_outside, layout)
    if found.cameras is not None:
        for line in found.cameras.lines:
            tell(line)
        for sentence in found.cameras.wrong:
            tell(f"- {sentence}")
        tell(f"{path}: pictures and curves")
        return
    for sentence in found.lacks or []:
        tell(f"- {sentence}")
    tell(f"{path}: pictures, curves and what the capture lacks")

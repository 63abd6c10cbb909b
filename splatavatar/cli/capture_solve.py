"""``splatavatar capture solve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell


def solve(
    photos: Annotated[
        Path, typer.Argument(metavar="PHOTOS", help="Folder of photos of one moment.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="The capture.", show_default="PHOTOS-solved")
    ] = None,
) -> None:
    """Find the cameras of photos of somebody who sat still while a phone went round."""
    from splatavatar.capture.photos.gather import names_of
    from splatavatar.capture.photos.solve import solve_photos

    folder = Path(f"{photos.resolve().name}-solved") if out is None else out
    with stages() as progress:
        solved = solve_photos(photos, folder, progress)
    found = len(solved.photos) - len(solved.lost)
    count = f"{found} of {len(solved.photos)} photos have a camera"
    lengths = ", ".join(f"{length:.0f}" for length in solved.focal_lengths)
    tell(f"{count}; focal length {lengths} px; points of the scene are met within {solved.error:.2f} px")
    if solved.lost:
        tell(f"- Without a camera, for they share too little with the others: {names_of(list(solved.lost))}")
    tell(f"{folder}: the cameras; next: splatavatar bake {folder}")

"""``splatavatar import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell
from splatavatar.errors import OutputError
from splatavatar.output import outputs_ready

SUFFIX = ".splatavatar"


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A LAM bundle, or a result of GaussianAvatars or RGBAvatar.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="out.splatavatar.", show_default=False)],
) -> None:
    """Turn an avatar that another tool has made into one that is driven like our own."""
    from splatavatar.avatar.file import save_avatar
    from splatavatar.avatar.importers.origin import IMPORTED, NOTES
    from splatavatar.avatar.importers.table import import_avatar, importer_of

    if out.suffix.lower() != SUFFIX:
        raise OutputError(f"{out}: an avatar is imported as {SUFFIX}.")
    importer, found = importer_of(source)
    with outputs_ready(out):
        with stages() as progress:
            avatar = import_avatar(source, progress)
        save_avatar(out, avatar)
    tell(f"read as {importer.name}: {found}")
    tell(f"{out}: {len(avatar.gaussians)} Gaussians, {len(avatar.rig.expression_names)} expressions")
    for note in avatar.metadata[IMPORTED].get(NOTES, []):
        tell(note)
    tell(f"licence: {avatar.rig.licence}")

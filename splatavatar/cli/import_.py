"""``splatavatar import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.options import BodyModelOption
from splatavatar.cli.progress import stages
from splatavatar.cli.signing import SigningKeyOption, signs
from splatavatar.cli.terminal import tell
from splatavatar.errors import OutputError
from splatavatar.output import outputs_ready
from splatavatar.printable import printable
from splatavatar.rig.body_models.found import name_body_model

if TYPE_CHECKING:
    from splatavatar.array_types import Doubles

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
    person: Annotated[
        Path | None,
        typer.Option(
            "--person",
            metavar="FILE",
            help="Who a result of RGBAvatar shows: a .frame of its tracker, or an npz with shape.",
            show_default=False,
        ),
    ] = None,
    body_model: BodyModelOption = None,
    key: SigningKeyOption = None,
) -> None:
    """Turn an avatar that another tool has made into one that is driven like our own, and sign it."""
    from dataclasses import replace

    from splatavatar.avatar.file import save_avatar
    from splatavatar.avatar.importers.origin import IMPORTED, NOTES
    from splatavatar.avatar.importers.table import import_avatar, importer_of

    if out.suffix.lower() != SUFFIX:
        raise OutputError(f"{out}: an avatar is imported as {SUFFIX}.")
    name_body_model(body_model)
    importer, found = importer_of(source)
    with outputs_ready(out), signs(key) as sign:
        with stages() as progress:
            avatar = import_avatar(source, progress, None if person is None else _shape(person))
        avatar = replace(avatar, metadata={**avatar.metadata, "name": printable(out.stem)})
        save_avatar(out, avatar, sign)
    tell(f"read as {importer.name}: {found}")
    tell(f"{out}: {len(avatar.gaussians)} Gaussians, {len(avatar.rig.expression_names)} expressions")
    for note in avatar.metadata[IMPORTED].get(NOTES, []):
        tell(note)
    tell(f"licence: {avatar.rig.licence}")


def _shape(person: Path) -> Doubles:
    """FLAME's coefficients in a file of a tracker. Raises CaptureError and AvatarFileError."""
    from splatavatar.avatar.importers.flame.gaussian_avatars import read_person
    from splatavatar.capture.readers.flame.frame_file import read_frame_file

    return read_frame_file(person).shape if person.suffix.lower() == ".frame" else read_person(person).shape
